"""The `mvlr` command: one word, then what that word's module takes."""

import importlib
import sys

# A word's module is imported only when the word is used: `doctor` needs no mmengine.
COMMANDS = {
    'browse': ('mvlr_mm.cli.browse', 'draw the data of a config'),
    'doctor': ('mvlr_stack.doctor', 'what is installed, what is in conflict'),
    'eval': ('mvlr_mm.cli.eval', 'evaluate saved results again'),
    'test': ('mvlr_mm.cli.test', 'evaluate a checkpoint'),
    'thresholds': ('mvlr_mm.cli.thresholds', 'search a threshold for each label'),
    'train': ('mvlr_mm.cli.train', 'train a model'),
    'verify': ('mvlr_mm.cli.verify', 'check the data of a config'),
}


def usage() -> str:
    """Return the list of commands."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:<{width}} {text}' for name, (_, text) in COMMANDS.items()]
    return '\n'.join(
        ['usage: mvlr COMMAND ...', '', *lines, '', 'mvlr COMMAND --help says more.']
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: what the command returns, 2 for an unknown command.
    """
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in ('-h', '--help'):
        print(usage())
        return 0
    if not words or words[0] not in COMMANDS:
        print(usage(), file=sys.stderr)
        return 2
    sys.argv[0] = f'mvlr {words[0]}'  # the name in the command's own help
    module = importlib.import_module(COMMANDS[words[0]][0])
    return module.main(words[1:])
