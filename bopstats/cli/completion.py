"""``bopstats completion bash|zsh``: a completion script, written from the parser itself."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from bopstats.cli import options

_EXAMPLE = """examples:
  bopstats completion bash > ~/.local/share/bash-completion/completions/bopstats
  eval "$(bopstats completion zsh)"      # in ~/.zshrc, after compinit
"""
# zsh runs the script for bash by its own emulation.
_ZSH = "autoload -U +X bashcompinit && bashcompinit\n"
_SCRIPT = """\
_bopstats() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}} $previous" in
{choices}
    esac
    if [ -z "$words" ] && [[ "$current" == -* ]]; then
        case "${{COMP_WORDS[1]}}" in
{flags}
        esac
    fi
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    fi
}}
complete -o default -F _bopstats bopstats
"""


def add(commands: Any, whole: argparse.ArgumentParser) -> None:
    """Add the command to the parser's commands."""
    parser = options.command(
        commands, "completion", "a completion script for a shell", _EXAMPLE, "{bash,zsh}"
    )
    parser.add_argument("shell", choices=["bash", "zsh"])
    parser.set_defaults(run=partial(_run, whole), out=None)


def _run(whole: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    from bopstats.cli.writing import write_text

    write_text(arguments, script(whole, arguments.shell))


def script(whole: argparse.ArgumentParser, shell: str) -> str:
    """Return the script: commands, their options, and the choices of an option or argument."""
    commands = _commands(whole)
    choices, flags = [], []
    for name, parser in commands.items():
        known = [flag for action in parser._actions for flag in action.option_strings]
        flags.append(f'            {name}) words="{" ".join(known)}" ;;')
        for action in parser._actions:
            if action.choices is not None:
                after = [f'"{name} {word}"' for word in action.option_strings or [name]]
                words = " ".join(map(str, action.choices))
                choices.append(f'        {"|".join(after)}) words="{words}" ;;')
    text = _SCRIPT.format(
        commands=" ".join(commands), choices="\n".join(choices), flags="\n".join(flags)
    )
    return (_ZSH if shell == "zsh" else "") + text


def _commands(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = next(a for a in whole._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)
