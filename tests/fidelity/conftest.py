"""The evaluator starts once, and serves all tests here."""

import pytest

from tests.fidelity.catalogue import Catalogue
from tests.fidelity.evaluator import Evaluator
from tests.fidelity.judge import Judge


@pytest.fixture(scope="session")
def make_judge():
    with Evaluator() as evaluator:
        yield lambda requests: Judge(evaluator, Catalogue.load(), requests)
