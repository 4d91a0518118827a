from decompose.resources import templates


def test_templates_are_named_by_their_path() -> None:
    assert "deploy/template.yaml.j2" in templates()


def test_the_templates_are_read_once() -> None:
    assert templates() is templates()
