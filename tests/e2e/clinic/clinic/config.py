"""Configuration: production from the environment, tests in memory."""

import os
from decimal import Decimal


class Config:
    SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-development")
    SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL", "sqlite:///clinic.db")
    PASSWORD_METHOD = "scrypt"
    VAT_RATE = Decimal(os.environ.get("VAT_RATE", "0.20"))
    INVOICE_DUE_DAYS = 14
    PHARMACY_MARGIN = Decimal("1.30")
    REORDER_BATCH = int(os.environ.get("REORDER_BATCH", "50"))
    RATINGS_PAGE_SIZE = 10
    RATING_WINDOW_DAYS = 30
    MAX_VISITS_PER_DAY = 8


class TestConfig(Config):
    TESTING = True
    SECRET_KEY = "tests"
    PASSWORD_METHOD = "pbkdf2:sha256:1"
    SQLALCHEMY_DATABASE_URI = "sqlite:///:memory:"
