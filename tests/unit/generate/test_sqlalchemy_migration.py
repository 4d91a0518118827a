"""The first revision of a service on SQLAlchemy, from the models' own text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask_shop import SHOP, made

REVISION = "orders_service/migrations/versions/0001_initial.py"


@pytest.fixture(scope="module")
def revision() -> str:
    return made()[REVISION]


@pytest.mark.parametrize(
    "line",
    [
        'sa.Column("total", sa.Numeric(10, 2), nullable=False)',
        'sa.Column("state", sa.Enum("OPEN", "PAID", name="state"), nullable=False)',
        'sa.Column("extra", postgresql.JSONB(), nullable=True)',
        'sa.Column("number", sa.Integer(), nullable=False, server_default="1")',
        'sa.Column("customer_id", sa.Integer(), nullable=False, index=True)',
        'sa.UniqueConstraint("customer_id", "number")',
        'sa.Index("ix_made", "made_at")',
        'sa.ForeignKeyConstraint(["order_id"], ["orders.id"], ondelete="CASCADE")',
        'sa.Column("is_boss", sa.Boolean(), nullable=True)',
    ],
)
def test_columns_and_constraints_say_what_the_models_say(revision: str, line: str) -> None:
    assert f"        {line},\n" in revision


def test_a_constant_is_written_out_and_the_models_are_not_imported(revision: str) -> None:
    assert "MONEY" not in revision and "import shop" not in revision


def test_tables_come_after_those_they_point_at_and_a_circle_is_closed_afterwards(revision: str) -> None:
    order = [revision.index(f'"{name}",\n') for name in ("customers", "order_lines", "orders", "order_labels")]
    assert order == sorted(order)
    assert 'with op.batch_alter_table("order_lines") as batch:\n        batch.create_foreign_key(' in revision


def test_tables_of_other_contexts_are_not_made(revision: str) -> None:
    assert '"notes"' not in revision and '"customer_tags"' not in revision


def test_an_empty_database_migrates_and_agrees_with_the_models(tmp_path: Path) -> None:
    # JSONB is PostgreSQL's own; SQLite runs the rest.
    for path, content in made(SHOP.replace("mapped_column(JSONB, nullable=True)", "mapped_column(JSON, nullable=True)").replace("from sqlalchemy.dialects.postgresql import JSONB", "from sqlalchemy import JSON")).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    for words in ([], ["--check"]):
        variables = {"PATH": os.environ["PATH"], "SECRET_KEY": "x", "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
        done = subprocess.run([sys.executable, "-m", "orders_service.migrate", *words], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_table_of_a_schema_is_made_in_it_after_the_schema() -> None:
    text = SHOP.replace('class OrderLine(db.Model):\n', 'class OrderLine(db.Model):\n    __table_args__ = {"schema": "sales"}\n').replace('"order_lines.id"', '"sales.order_lines.id"')
    assert text != SHOP
    revision = made(text)[REVISION]
    assert "".join(revision.split("def upgrade() -> None:\n")[1:]).startswith('    op.execute(sa.schema.CreateSchema("sales", if_not_exists=True))\n')
    assert '        "order_lines",\n' in revision and '        schema="sales",\n    )\n' in revision
    assert 'op.drop_table("order_lines", schema="sales")' in revision
    assert '"sales.order_lines",' not in revision
