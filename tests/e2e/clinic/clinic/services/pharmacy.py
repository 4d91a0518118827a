"""The pharmacy: stock, prescriptions and orders to suppliers."""

from decimal import ROUND_HALF_UP, Decimal

from flask import current_app

from clinic.errors import ClinicError, Conflict, OutOfStock
from clinic.extensions import db
from clinic.models import Medicine, Prescription, Supplier, User, Visit
from clinic.repositories import pharmacy as repository

CENT = Decimal("0.01")


def add_medicine(name: str, price: Decimal, stock: int = 0, species: str = "", suppliers: list[str] | None = None) -> Medicine:
    """A medicine that the pharmacy keeps from now on."""
    medicine = Medicine(name=name, price=price, stock=stock, species=species)
    db.session.add(medicine)
    for each in suppliers or []:
        supplier = repository.supplier_by_name(each)
        if supplier is None:
            supplier = Supplier(name=each, email=f"orders@{each.lower().replace(' ', '-')}.example")
        medicine.suppliers.append(supplier)
    db.session.commit()
    return medicine


def prescribe(visit: Visit, vet: User, medicine_id: int, quantity: int, instructions: str = "") -> Prescription:
    """Hands out a medicine at a visit. The price is that of the day, with the pharmacy's margin."""
    if visit.state == "cancelled":
        raise Conflict("nothing is prescribed at a cancelled visit")
    if quantity <= 0:
        raise ClinicError("prescribe at least one")
    medicine = repository.medicine(medicine_id)
    if medicine.species and medicine.species != visit.animal.species:
        raise ClinicError(f"{medicine.name} is not for a {visit.animal.species}")
    if medicine.stock < quantity:
        raise OutOfStock(medicine.name, medicine.stock)
    medicine.stock -= quantity
    prescription = Prescription(
        visit_id=visit.id,
        vet_id=vet.id,
        medicine=medicine,
        quantity=quantity,
        unit_price=selling_price(medicine),
        instructions=instructions,
    )
    db.session.add(prescription)
    db.session.commit()
    return prescription


def selling_price(medicine: Medicine) -> Decimal:
    return (medicine.price * current_app.config["PHARMACY_MARGIN"]).quantize(CENT, ROUND_HALF_UP)


def withdraw(prescription_id: int) -> Prescription:
    """Takes a prescription back and puts the medicine on the shelf again."""
    prescription = repository.prescription(prescription_id)
    if prescription.state == "withdrawn":
        raise Conflict("the prescription was withdrawn before")
    prescription.state = "withdrawn"
    prescription.medicine.stock += prescription.quantity
    db.session.commit()
    return prescription


def withdraw_all(visit_id: int) -> int:
    """Takes back what was prescribed at a visit; how many that were."""
    issued = repository.issued_for(visit_id)
    for prescription in issued:
        prescription.state = "withdrawn"
        prescription.medicine.stock += prescription.quantity
    db.session.commit()
    return len(issued)


def prescriptions_of(visit_id: int) -> list[Prescription]:
    return repository.issued_for(visit_id)


def listed_for(visit_id: int) -> list[dict[str, object]]:
    """What was prescribed at a visit, for people to read."""
    return [
        {"medicine": each.medicine.name, "quantity": each.quantity, "cost": str(each.cost)}
        for each in repository.issued_for(visit_id)
    ]


def cost_of_visit(visit_id: int) -> Decimal:
    """What the medicines of a visit cost, without tax."""
    return sum((each.cost for each in repository.issued_for(visit_id)), Decimal("0.00"))


def receive(medicine_id: int, quantity: int) -> Medicine:
    """A delivery arrived."""
    if quantity <= 0:
        raise ClinicError("a delivery brings at least one")
    medicine = repository.medicine(medicine_id)
    medicine.stock += quantity
    db.session.commit()
    return medicine


def low_stock() -> list[Medicine]:
    return repository.low()


def orders() -> dict[str, list[str]]:
    """What to order, by supplier: the first one of each medicine that runs low."""
    batch = current_app.config["REORDER_BATCH"]
    found: dict[str, list[str]] = {}
    for medicine in repository.low():
        if medicine.suppliers:
            supplier = min(medicine.suppliers, key=lambda each: each.name)
            found.setdefault(supplier.email, []).append(f"{batch} {medicine.unit} {medicine.name}")
    return found
