"""Ratings as JSON."""

from flask import Blueprint, jsonify, request
from flask_login import current_user, login_required

from clinic.models import Rating
from clinic.routes import payload
from clinic.routes.auth import vets_only
from clinic.services import ratings as service

blueprint = Blueprint("ratings", __name__, url_prefix="/api/ratings")


def rating_json(rating: Rating) -> dict:
    return {
        "id": rating.id,
        "stars": rating.stars,
        "text": rating.text,
        "owner": rating.owner.name,
        "replies": [{"author": each.author.name, "text": each.text} for each in rating.replies],
    }


@blueprint.get("/vets/<int:vet_id>")
def of_vet(vet_id: int):
    return jsonify(
        average=service.average_of(vet_id),
        spread=service.spread_of(vet_id),
        ratings=[rating_json(each) for each in service.page_of(vet_id, request.args.get("page", 1, type=int))],
    )


@blueprint.post("/<int:rating_id>/replies")
@login_required
def reply(rating_id: int):
    answer = service.reply(rating_id, current_user._get_current_object(), payload.text(payload.body(), "text"))
    return jsonify(id=answer.id, text=answer.text), 201


@blueprint.post("/<int:rating_id>/hide")
@vets_only
def hide(rating_id: int):
    return jsonify(rating_json(service.hide(rating_id)))
