"""What the tests of the commands share: small data, and a folder to write in."""

import pytest
import small_runs


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return small_runs.write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
