"""Owners and animals as JSON."""

from flask import Blueprint, jsonify, request
from flask_login import login_required

from clinic.models import Animal, Owner
from clinic.repositories import owners as repository
from clinic.routes import payload
from clinic.services import owners as service

blueprint = Blueprint("owners", __name__, url_prefix="/api/owners")


def owner_json(owner: Owner) -> dict:
    return {"id": owner.id, "name": owner.name, "email": owner.email, "phone": owner.phone}


def animal_json(animal: Animal) -> dict:
    weight = None if animal.weight_kg is None else str(animal.weight_kg)
    return {"id": animal.id, "name": animal.name, "species": animal.species, "weight_kg": weight}


@blueprint.get("")
@login_required
def search():
    return jsonify([owner_json(each) for each in repository.search(request.args.get("q", ""))])


@blueprint.post("")
@login_required
def register():
    values = payload.body()
    owner = service.register(payload.text(values, "name"), payload.text(values, "email"), payload.text(values, "phone", ""))
    return jsonify(owner_json(owner)), 201


@blueprint.get("/<int:owner_id>")
@login_required
def show(owner_id: int):
    owner = repository.get(owner_id)
    return jsonify({**owner_json(owner), "animals": [animal_json(each) for each in owner.animals]})


@blueprint.post("/<int:owner_id>/animals")
@login_required
def add_animal(owner_id: int):
    values = payload.body()
    return jsonify(animal_json(service.add_animal(owner_id, payload.text(values, "name"), payload.text(values, "species")))), 201


@blueprint.post("/animals/<int:animal_id>/weight")
@login_required
def weigh(animal_id: int):
    return jsonify(animal_json(service.weigh(animal_id, payload.money(payload.body(), "weight_kg"))))
