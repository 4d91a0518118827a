"""Graphene and Strawberry as judges: the routes are the fields that the libraries put into the root types of the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from judges import found, judged, needs

from decompose.detect import graphene, strawberry
from decompose.model.facts import Route

GRAPHENE = {
    "shop/__init__.py": "",
    "shop/orders.py": """
import graphene
from graphene import relay


class OrderType(graphene.ObjectType):
    class Meta:
        interfaces = (relay.Node,)

    total_price = graphene.Int()


class Many(graphene.List):
    pass


class OrderConnection(relay.Connection):
    class Meta:
        node = OrderType


class CountedField(graphene.Field):
    pass


class OrderQueries:
    all_orders = Many(OrderType)
    order = CountedField(OrderType, id=graphene.ID())
    orders_by_page = relay.ConnectionField(OrderConnection)
    node = relay.Node.Field()
    renamed = graphene.String(name="otherName")
    limit = 3

    def resolve_order(self, info, id): ...


class OrderCreate(graphene.Mutation):
    ok = graphene.Boolean()

    class Arguments:
        name = graphene.String()

    def mutate(self, info, name): ...


class OrderCancel(relay.ClientIDMutation):
    class Input:
        name = graphene.String()

    ok = graphene.Boolean()

    @classmethod
    def mutate_and_get_payload(cls, root, info, **options): ...


class OrderMutations(graphene.ObjectType):
    order_create = OrderCreate.Field()
    order_cancel_now = OrderCancel.Field(description="...")
""",
    "shop/schema.py": """
import graphene as g

from shop import orders


class Query(orders.OrderQueries, g.ObjectType):
    version = g.String()
    limit = g.Int()


class Subscription(g.ObjectType):
    order_paid = g.Field(g.String)


def build(query, mutation, subscription=None):
    return g.Schema(query=query, mutation=mutation, subscription=subscription)


schema = build(Query, orders.OrderMutations, subscription=Subscription)
""",
}

STRAWBERRY = {
    "shop/__init__.py": "",
    "shop/orders.py": """
import strawberry


@strawberry.type
class Order:
    id: int

    @strawberry.field
    def total_price(self) -> int:
        return 1


def resolve_orders() -> list[Order]:
    return []


@strawberry.type
class OrderQueries:
    all_orders: list[Order] = strawberry.field(resolver=resolve_orders)
    listed = strawberry.field(resolver=resolve_orders)
    hidden: strawberry.Private[int] = 0
    plain_version: str = "1"

    @strawberry.field(name="otherName")
    def one_order(self, id: int) -> Order:
        return Order(id=id)

    def helper(self):
        return 1


@strawberry.type
class OrderMutations:
    @strawberry.mutation
    def order_create(self, name: str) -> Order:
        return Order(id=1)


@strawberry.type
class UserMutations:
    @strawberry.mutation(description="...")
    def user_create(self, name: str) -> int:
        return 1
""",
    "shop/schema.py": """
from collections.abc import AsyncGenerator

import strawberry as s
from strawberry.tools import create_type, merge_types

from shop.orders import OrderMutations, OrderQueries, UserMutations


@s.field
def who_am_i() -> str:
    return ""


UserQueries = create_type("UserQueries", [who_am_i])


@s.type
class Query(OrderQueries, UserQueries):
    pass


@s.type
class Subscription:
    @s.subscription
    async def order_paid(self) -> AsyncGenerator[str, None]:
        yield ""


Mutation = merge_types("Mutation", (OrderMutations, UserMutations))
schema = s.Schema(query=Query, mutation=Mutation, subscription=Subscription)
""",
}


@pytest.mark.parametrize(
    ("detector", "sources"),
    [pytest.param(graphene, GRAPHENE, marks=needs("graphene"), id="graphene"), pytest.param(strawberry, STRAWBERRY, marks=needs("strawberry"), id="strawberry")],
)
def test_the_routes_are_the_fields_of_the_schema(detector: Any, sources: dict[str, str], tmp_path: Path) -> None:
    judge = judged("graphql_schema.py", tmp_path, sources, "{}", "shop.schema", "schema")
    ours = {(fact.methods[0], fact.path) for fact in found(detector.detect, sources) if isinstance(fact, Route)}
    assert ours == {tuple(each) for each in judge}
