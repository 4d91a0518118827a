"""The pages that people at the clinic look at, and the form for owners."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from clinic.clock import today
from clinic.errors import RatingRejected
from clinic.repositories import owners, visits
from clinic.services import pharmacy, ratings, reports

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@login_required
def dashboard():
    return render_template(
        "dashboard.html",
        visits=visits.on_day(today()),
        low=pharmacy.low_stock(),
        average=ratings.average_of(current_user.id),
        latest=ratings.latest(limit=3),
        waiting=len(ratings.waiting()),
    )


@blueprint.get("/report")
@login_required
def report():
    return render_template("report.html", figures=reports.week())


@blueprint.get("/animals/<int:animal_id>")
@login_required
def animal(animal_id: int):
    found = owners.animal(animal_id)
    history = [(visit, pharmacy.prescriptions_of(visit.id)) for visit in visits.of_animal(animal_id)]
    return render_template("animal.html", animal=found, history=history)


@blueprint.route("/visits/<int:visit_id>/opinion", methods=["GET", "POST"])
def opinion(visit_id: int):
    """Owners come here from a link in a mail; their address says who they are."""
    visit = visits.get(visit_id)
    if request.method == "POST":
        owner = owners.by_email(request.form.get("email", ""))
        if owner is None:
            flash("We do not know this address.")
        else:
            try:
                ratings.rate(visit, owner, request.form.get("stars", 0, type=int), request.form.get("text", ""))
            except RatingRejected as rejected:
                flash(str(rejected))
            else:
                return redirect(url_for("pages.thanks"))
    return render_template("opinion.html", visit=visit)


@blueprint.get("/thanks")
def thanks():
    return render_template("thanks.html")
