"""Azurite as a child process: real storage on free ports, in memory or in a folder."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from devtools.azurite import Azurite, AzuriteError, Ports


def test_all_three_services_answer_when_it_has_started() -> None:
    with Azurite() as azurite:
        BlobServiceClient.from_connection_string(azurite.connection_string).create_container("blobs").close()
        QueueServiceClient.from_connection_string(azurite.connection_string).create_queue("queue").close()
        TableServiceClient.from_connection_string(azurite.connection_string).create_table("Table").close()
        process = psutil.Process(azurite.pid)
        assert process.name() == "node"
    assert not process.is_running()


async def test_two_run_side_by_side() -> None:
    async with Azurite() as one, Azurite() as two:
        assert one.pid != two.pid
        assert set(one.ports.by_service().values()).isdisjoint(two.ports.by_service().values())


def test_data_in_a_folder_is_there_again_after_a_restart(tmp_path: Path) -> None:
    # On the same port, as a client that stays connected while Azurite is stopped.
    ports = Ports.free()
    with Azurite(ports=ports, location=tmp_path) as azurite:
        queue = QueueServiceClient.from_connection_string(azurite.connection_string).create_queue("kept")
        queue.send_message("still here")
    with Azurite(ports=ports, location=tmp_path), queue:
        assert [message.content for message in queue.peek_messages()] == ["still here"]


def test_data_in_memory_goes_with_it() -> None:
    ports = Ports.free()
    with Azurite(ports=ports) as azurite:
        QueueServiceClient.from_connection_string(azurite.connection_string).create_queue("gone").close()
    with Azurite(ports=ports), QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        assert list(service.list_queues()) == []


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AzuriteError, match=f"Port {port} on 127.0.0.1 cannot be used"):
            Azurite(ports=Ports(Ports.free().blob, port, Ports.free().table)).start()


def test_a_folder_that_cannot_be_used_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "__azurite_db_blob__.json").mkdir()
    with pytest.raises(AzuriteError, match=r"(?s)Azurite ended while it was starting.*EISDIR"):
        Azurite(location=tmp_path).start()
