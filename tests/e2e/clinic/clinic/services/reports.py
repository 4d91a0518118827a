"""Figures for the weekly meeting."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select

from clinic.clock import now
from clinic.extensions import db
from clinic.models import Payment, Prescription, Rating, Visit
from clinic.services import pharmacy


def week() -> dict[str, object]:
    """What happened in the last seven days."""
    start = now() - timedelta(days=7)
    done = db.session.scalar(select(func.count()).select_from(Visit).where(Visit.state == "done", Visit.done_at >= start))
    income = db.session.scalar(select(func.sum(Payment.amount)).where(Payment.taken_at >= start))
    return {
        "visits": done,
        "income": income or Decimal("0.00"),
        "prescriptions": Prescription.query.filter_by(state="issued").count(),
        "opinions": db.session.scalar(select(func.count()).select_from(Rating).where(Rating.created_at >= start)),
        "to_order": sum(len(lines) for lines in pharmacy.orders().values()),
    }
