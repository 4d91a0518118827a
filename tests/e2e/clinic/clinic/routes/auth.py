"""Who is there: logging in and out, and a guard for vets."""

import functools
from collections.abc import Callable

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user, logout_user

from clinic.models import User
from clinic.routes import payload

blueprint = Blueprint("auth", __name__)


def vets_only(view: Callable) -> Callable:
    @functools.wraps(view)
    @login_required
    def guarded(*args, **kwargs):
        if not current_user.is_vet:
            abort(403)
        return view(*args, **kwargs)

    return guarded


@blueprint.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        user = User.query.filter_by(email=request.form.get("email", "").lower(), active=True).first()
        if user is not None and user.check_password(request.form.get("password", "")):
            login_user(user)
            return redirect(url_for("pages.dashboard"))
        flash("Unknown e-mail address or wrong password.")
    return render_template("login.html")


@blueprint.post("/logout")
@login_required
def logout():
    logout_user()
    return redirect(url_for("auth.login"))


@blueprint.post("/api/login")
def api_login():
    values = payload.body()
    user = User.query.filter_by(email=payload.text(values, "email").lower(), active=True).first()
    if user is None or not user.check_password(payload.text(values, "password")):
        return jsonify(error="unknown e-mail address or wrong password"), 401
    login_user(user)
    return jsonify(id=user.id, name=user.name, role=user.role)


@blueprint.get("/api/me")
@login_required
def me():
    return jsonify(id=current_user.id, name=current_user.name, role=current_user.role)
