"""``decompose completion``"""

from __future__ import annotations

import click

from decompose.cli.session import examples, session_of, shared


@click.command(
    name="completion",
    epilog=examples(
        "decompose completion bash > ~/.local/share/bash-completion/completions/decompose",
        "decompose completion zsh > ~/.zfunc/_decompose",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="{bash,zsh,fish}")
@shared
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and context names in a shell."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}", context)
    source = made(context.find_root().command, {}, "decompose", "_DECOMPOSE_COMPLETE")
    session_of(context).result(source.source() + "\n")
