"""What all tests of the command line share."""

import pytest
from typer.testing import CliRunner

from belbiotech.cli import app


@pytest.fixture
def call(capsys):
    """Type a command: its exit code, and all that it said."""

    def run(*words: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        told = capsys.readouterr()
        return result.exit_code, result.output + told.out + told.err

    return run
