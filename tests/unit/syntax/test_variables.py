"""How local variables are followed."""

from __future__ import annotations

import pytest

from decompose.syntax.expressions import HEAVIEST_VALUE

from .shown import shown, summary, uses

HEAD = "from a import Order\n"


def last(body: str) -> str:
    """The last use of a function with this body; ``use(...)`` shows what a variable stands for."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return uses(f"{HEAD}def f(p, flag):\n{lines}\n")[-1]


def test_a_variable_carries_its_chain() -> None:
    assert last("o = Order.objects.get(pk=1)\no.save()") == "a.Order.objects.get(pk=1)<o@3>.save()"


def test_an_instance_that_was_made_here() -> None:
    assert last("o = Order(total=1)\no.save()") == "a.Order(total=1)<o@3>.save()"


def test_the_latest_assignment_wins() -> None:
    assert last("o = Order(1)\no = Order(2)\no.save()") == "a.Order(2)<o@4>.save()"


def test_variables_pass_through_one_another() -> None:
    assert last("a = Order.objects\nb = a.all()\nb.count()") == "a.Order.objects<a@3>.all()<b@4>.count()"


def test_an_annotation_is_noted_on_the_variable() -> None:
    assert last("o: Order = p.make()\no.save()") == "parameter p.make()<o@3:a.Order>.save()"


def test_an_annotation_alone_makes_an_instance() -> None:
    assert last("o: Order\no.save()") == "instance a.Order.save()"


def test_the_parts_of_a_tuple_are_items() -> None:
    assert last("o, made = Order.objects.get_or_create()\no.save()") == "a.Order.objects.get_or_create()[0]<o@3>.save()"


def test_tuples_are_assigned_in_parallel() -> None:
    assert last("a, (b, c) = 1, (2, Order())\nc.save()") == "a.Order()<c@3>.save()"


def test_a_starred_target_is_not_followed() -> None:
    assert last("a, *b = Order.objects.all()\nb.x") == "local b.x"


def test_a_variable_of_a_loop_over_a_display_is_each_of_its_names() -> None:
    assert last("for o in (Order, p):\n    use(o)") == "local use((each a.Order parameter p))"
    assert last("for o, name in [(Order, 'a'), (p, 'b')]:\n    use(o, name)") == "local use((each a.Order parameter p), (each 'a' 'b'))"
    assert last("for name in ('a', 'b'):\n    use(name)") == "local use(local name)"
    assert last("for o, name in [(Order, 'a'), p]:\n    use(o)") == "local use(local o)"


def test_a_loop_variable_is_an_element() -> None:
    assert last("for o in Order.objects.all():\n    o.save()") == "a.Order.objects.all()[]<o@3>.save()"


def test_the_parts_of_a_loop_variable_are_items_of_elements() -> None:
    assert last("for i, o in enumerate(p):\n    o.save()") == "builtin enumerate(parameter p)[][1]<o@3>.save()"


def test_a_comprehension_variable_is_an_element_and_gone_afterwards() -> None:
    assert uses(HEAD + "def f(o):\n    x = [o.id for o in Order.objects.all() if o.ok]\n    o.y\n")[-3:] == [
        "a.Order.objects.all()[]<o@3>.ok",
        "a.Order.objects.all()[]<o@3>.id",
        "parameter o.y",
    ]


def test_the_target_of_with_is_what_the_manager_gives() -> None:
    assert last("with open(p) as f:\n    f.read()") == "builtin open(parameter p)<f@3>.read()"


def test_a_walrus_assigns() -> None:
    assert last("if (o := Order.objects.first()):\n    o.save()") == "a.Order.objects.first()<o@3>.save()"


def test_await_is_transparent() -> None:
    assert uses(HEAD + "async def f():\n    o = await Order.objects.aget()\n    await o.asave()\n")[-1] == (
        "a.Order.objects.aget()<o@3>.asave()"
    )


def test_an_exception_is_an_instance_of_its_class() -> None:
    assert (
        last("try:\n    p()\nexcept Order.DoesNotExist as e:\n    e.args") == "instance a.Order.DoesNotExist<e@5>.args"
    )


def test_a_constant_stands_where_the_variable_is_used() -> None:
    assert last("name = 'shop.tasks.pay'\np.send_task(name)") == "parameter p.send_task('shop.tasks.pay')"


def test_a_display_stands_where_the_variable_is_used() -> None:
    body = "context = {'a': 1}\ncontext['b'] = Order.objects.all()\ncontext.update(c=3)\nrender(context)"
    assert last(body) == "local render({'a': 1, 'b': a.Order.objects.all(), 'c': 3})"


def test_a_list_grows_by_append() -> None:
    assert last("x = ['a']\nx.append('b')\nx += ['c']\np(x)") == "parameter p(['a', 'b', 'c'])"


def test_a_display_that_is_changed_in_another_way_is_not_known() -> None:
    assert last("x = ['a']\nx.pop()\np(x)") == "parameter p(local x)"


def test_text_grows_by_addition() -> None:
    assert last("sql = 'SELECT a'\nsql += ' FROM t'\nsql += p\np(sql)") == "parameter p(t'SELECT a FROM t{}')"


class TestBranches:
    """Merging."""

    def test_after_a_branch_the_value_is_uncertain(self) -> None:
        assert last("o = Order(1)\nif flag:\n    o = Order(2)\no.save()") == "a.Order(2)<o@5?>.save()"

    def test_inside_the_branch_it_is_certain(self) -> None:
        assert last("o = Order(1)\nif flag:\n    o = Order(2)\n    o.save()") == "a.Order(2)<o@5>.save()"

    def test_both_branches_differ(self) -> None:
        assert last("if flag:\n    o = Order(1)\nelse:\n    o = Order(2)\no.save()") == "a.Order(2)<o@6?>.save()"

    def test_none_is_nothing_else(self) -> None:
        assert last("o = None\nif flag:\n    o = Order(2)\no.save()") == "a.Order(2)<o@5>.save()"
        assert last("o = Order(2)\nif flag:\n    o = None\no.save()") == "a.Order(2)<o@3>.save()"

    def test_unassigned_is_nothing_else(self) -> None:
        assert last("if flag:\n    o = Order(2)\no.save()") == "a.Order(2)<o@4>.save()"

    def test_a_longer_chain_names_the_earlier_part(self) -> None:
        body = "q = Order.objects.all()\nif flag:\n    q = q.filter(x=1)\nq.count()"
        assert last(body) == "a.Order.objects.all()<q@3>.filter(x=1)<q@5?:4>.count()"

    def test_a_branch_that_returns_takes_no_part(self) -> None:
        assert last("o = Order(1)\nif flag:\n    o = Order(2)\n    return\no.save()") == "a.Order(1)<o@3>.save()"

    def test_a_branch_that_raises_takes_no_part(self) -> None:
        assert last("if flag:\n    o = Order(1)\nelse:\n    o = p\n    raise p\no.save()") == "a.Order(1)<o@4>.save()"

    def test_after_try_the_value_is_that_of_the_body_when_the_handlers_leave(self) -> None:
        body = "try:\n    o = Order.objects.get()\nexcept Order.DoesNotExist:\n    return None\no.save()"
        assert last(body) == "a.Order.objects.get()<o@4>.save()"

    def test_after_try_with_a_fallback_it_is_uncertain(self) -> None:
        body = "try:\n    o = Order.objects.get()\nexcept Order.DoesNotExist:\n    o = Order()\no.save()"
        assert last(body) == "a.Order.objects.get()<o@4?>.save()"

    def test_a_value_from_before_a_loop_is_uncertain_when_the_loop_assigns_it(self) -> None:
        text = f"{HEAD}def f(p):\n    o = Order(1)\n    for x in p:\n        o.save()\n        o = Order(2)\n"
        assert "a.Order(1)<o@3?>.save()" in uses(text)

    def test_a_value_assigned_in_a_loop_is_certain_behind_it_in_the_same_round(self) -> None:
        assert last("for x in p:\n    o = Order(x)\n    o.save()").endswith("<o@4>.save()")

    def test_a_value_from_a_round_that_broke_off_is_seen_after_the_loop(self) -> None:
        assert (
            last("o = p\nfor x in p:\n    if x:\n        o = Order(2)\n        break\no.save()")
            == "a.Order(2)<o@6?>.save()"
        )

    def test_match_merges_its_cases(self) -> None:
        body = "match p:\n    case 1:\n        o = Order(1)\n    case _:\n        o = Order(2)\no.save()"
        assert last(body) == "a.Order(2)<o@7?>.save()"

    def test_a_name_captured_by_a_pattern_is_local(self) -> None:
        assert last("match p:\n    case {'x': Order() as o, **rest}:\n        o.save()") == "local o.save()"

    def test_text_that_grows_in_a_branch_has_a_hole(self) -> None:
        body = "sql = 'SELECT a FROM t'\nif flag:\n    sql += ' WHERE b'\np(sql)"
        assert last(body) == "parameter p(t'SELECT a FROM t WHERE b')"

    def test_different_texts_are_not_known(self) -> None:
        assert last("n = 'a'\nif flag:\n    n = 'b'\np(n)") == "parameter p(local n)"


@pytest.mark.parametrize(
    ("value", "chain"),
    [
        ("Order(1) or None", "a.Order(1)<o@3>.save()"),
        ("Order(1) if flag else None", "a.Order(1)<o@3>.save()"),
        ("p.order or Order(1)", "parameter p.order<o@3?>.save()"),
        ("p and p.order", "parameter p.order<o@3?>.save()"),
        ("1 + p.x", "local o.save()"),
    ],
)
def test_a_choice_stands_for_its_likely_value(value: str, chain: str) -> None:
    assert last(f"o = {value}\no.save()") == chain


def test_a_choice_without_a_name_can_be_gone_on_with() -> None:
    assert last("(p.order or Order(1)).save()") == "parameter p.order<@3?>.save()"


def test_nested_functions_see_the_variables_around_them() -> None:
    text = HEAD + "def f():\n    def g():\n        o.save()\n    o = Order(1)\n    return g\n"
    assert "a.Order(1)<o@5>.save()" in uses(text)


def test_lambdas_see_the_variables_around_them_and_hide_their_own() -> None:
    assert last("o = Order(1)\np(lambda p: o.save(p))") == "a.Order(1)<o@3>.save(parameter p)"


def test_nonlocal_variables_are_not_followed() -> None:
    text = (
        HEAD
        + "def f():\n    o = Order(1)\n    def g():\n        nonlocal o\n        o = 2\n    def h():\n        o.save()\n"
    )
    assert uses(text)[-1] == "local o.save()"


def test_a_class_inside_a_function_sees_its_variables() -> None:
    text = HEAD + "def f():\n    o = Order(1)\n    class C:\n        x = o.y\n        def g(self):\n            o.z\n"
    assert uses(text)[-2:] == ["a.Order(1)<o@3>.y", "a.Order(1)<o@3>.z"]


def test_a_variable_that_is_deleted_is_gone() -> None:
    assert last("o = Order(1)\ndel o\no.x") == "local o.x"


def test_values_that_double_are_given_up_and_not_multiplied() -> None:
    body = "x = g(p)\n" + "x = g(x, x)\n" * 60 + "x.y"
    assert len(last(body)) < HEAVIEST_VALUE * 40
    assert last(body).endswith(".y")


def test_chains_that_grow_are_given_up() -> None:
    assert len(last("q = p\n" + "q = q.a()\n" * 500 + "q.y")) < 2_000


def test_a_long_file_of_copies_stays_small() -> None:
    body = "x = g(*range(90))\n" + "".join(f"h({', '.join(['x'] * 50)})\n" for _ in range(300))
    found = summary("def f():\n" + "\n".join("    " + line for line in body.splitlines()))
    assert sum(len(shown(use.chain)) for use in found.uses) < 20_000_000


def test_a_value_assigned_in_one_branch_counts_more_than_an_unchanged_one_in_the_other() -> None:
    assert last("o = Order(1)\nif flag:\n    o = Order(2)\nelse:\n    p()\no.save()") == "a.Order(2)<o@5?>.save()"


def test_a_longer_chain_in_a_loop_names_the_earlier_part() -> None:
    body = "q = Order.objects.all()\nfor x in p:\n    q = q.filter(x=x)\nq.count()"
    assert last(body) == "a.Order.objects.all()<q@3?>.filter(x=parameter p[]<x@4>)<q@5?>.count()"


@pytest.mark.parametrize(
    ("body", "chain"),
    [
        ("if isinstance(p, Order):\n    p.save()", "instance a.Order<p@3>.save()"),
        ("if isinstance(p, Order) and flag:\n    p.save()", "instance a.Order<p@3>.save()"),
        ("if isinstance(p, Order):\n    pass\np.save()", "parameter p.save()"),
        ("if isinstance(p, Order):\n    pass\nelse:\n    p.save()", "parameter p.save()"),
        ("if not isinstance(p, Order):\n    return\np.save()", "instance a.Order<p@3>.save()"),
        ("if not isinstance(p, Order):\n    p.x\np.save()", "parameter p.save()"),
        ("assert isinstance(p, Order)\np.save()", "instance a.Order<p@3>.save()"),
        ("if isinstance(p, (Order, int)):\n    p.save()", "parameter p.save()"),
        ("if isinstance(p, str):\n    p.save()", "parameter p.save()"),
    ],
)
def test_a_checked_variable_is_an_instance_where_the_check_holds(body: str, chain: str) -> None:
    assert last(body) == chain
