"""Queries on medicines and prescriptions."""

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from clinic.errors import NotFound
from clinic.extensions import db
from clinic.models import Medicine, Prescription, Supplier


def medicine(medicine_id: int) -> Medicine:
    found = db.session.get(Medicine, medicine_id)
    if found is None:
        raise NotFound(f"no medicine {medicine_id}")
    return found


def prescription(prescription_id: int) -> Prescription:
    found = db.session.get(Prescription, prescription_id)
    if found is None:
        raise NotFound(f"no prescription {prescription_id}")
    return found


def supplier_by_name(name: str) -> Supplier | None:
    return Supplier.query.filter_by(name=name).first()


def medicines(species: str = "") -> list[Medicine]:
    query = select(Medicine).order_by(Medicine.name)
    if species:
        query = query.where(Medicine.species.in_(["", species]))
    return list(db.session.scalars(query))


def low() -> list[Medicine]:
    return list(db.session.scalars(select(Medicine).where(Medicine.stock < Medicine.minimum).order_by(Medicine.name)))


def issued_for(visit_id: int) -> list[Prescription]:
    query = (
        select(Prescription)
        .options(joinedload(Prescription.medicine))
        .where(Prescription.visit_id == visit_id, Prescription.state == "issued")
        .order_by(Prescription.id)
    )
    return list(db.session.scalars(query))


def quantity_used(medicine_id: int) -> int:
    used = select(func.coalesce(func.sum(Prescription.quantity), 0)).where(
        Prescription.medicine_id == medicine_id, Prescription.state == "issued"
    )
    return db.session.execute(used).scalar_one()
