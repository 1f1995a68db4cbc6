"""The store of a Quorate cluster from Python, with nothing but the proto files: put, get, compare and set, watch.

Needs Debian's python3-grpcio and protobuf-compiler (or grpcio, protobuf and protoc from elsewhere). Copy `Quorate` into a
project; run the file with addresses of members to see it at work: python3 store.py 10.0.0.1:6001 10.0.0.2:6001
"""

import pathlib
import subprocess
import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
FILES = ["store", "client_sessions", "cluster"]
DETAILS = "grpc-status-details-bin"


def load(proto=PROTO):
    """Compiles the proto files and answers a function from a message's full name to its class."""
    names = [f"quorate/v1/{name}.proto" for name in FILES]
    names += ["google/rpc/status.proto", "google/rpc/error_info.proto"]
    command = ["protoc", f"-I{proto}", "--include_imports", "--descriptor_set_out=/dev/stdout"]
    found = subprocess.run(command + names, check=True, capture_output=True).stdout
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(found).file:
        pool.Add(file)
    if hasattr(message_factory, "GetMessageClass"):
        return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    factory = message_factory.MessageFactory(pool)
    return lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


class QuorateError(Exception):
    """A refusal: `reason` is stable, `hint` says what to do, `outcome` whether it may have happened."""

    def __init__(self, error, info):
        super().__init__(error.details())
        self.code = error.code()
        self.reason = info.reason if info else error.code().name
        self.data = dict(info.metadata) if info else {}
        self.hint = self.data.get("hint", "")
        # Without details nobody knows: the connection broke, or the deadline came.
        self.outcome = self.data.get("outcome", "indeterminate")


class Quorate:
    """Asks the leader where it is known, else any member; repeats what did not happen, and what happens once."""

    # Not the leader, or nobody at home: another member, or the same one a moment later, may do it.
    AGAIN = {"NOT_LEADER", "NO_QUORUM", "HANDING_OVER", "STOPPING", "UNREACHABLE", "UNAVAILABLE"}

    def __init__(self, addresses, timeout=10.0):
        self._message = load()
        self._addresses = list(addresses)
        self._channels = {}
        self._leader = None
        self._timeout = timeout
        self._sequence = 0
        self._closed = False
        self._lock = threading.Lock()
        self._session = self._ask("ClientSessions", "Open", "OpenClientSession").session

    def put(self, key, value, if_revision=None):
        """Writes; answers the revision. Happens once, however often it had to be sent."""
        wish = {"key": key, "value": value, "client": self._next()}
        if if_revision is not None:
            wish["if_revision"] = if_revision
        return self._ask("Store", "Put", "PutStore", wish).header.revision

    def get(self, key):
        """The entry, linearizable; None if there is none."""
        try:
            return self._ask("Store", "Get", "GetStore", {"key": key}).entry
        except QuorateError as error:
            if error.reason == "KEY_NOT_FOUND":
                return None
            raise

    def watch(self, prefix):
        """What changes under the prefix, without a gap or a repeat, through whatever members are up; the state first."""
        request = self._message("quorate.v1.WatchRequest")
        after, cluster, whole = None, "", False
        while True:
            wish = request(filters=[{"fact": "FACT_STORE", "prefix": prefix}], cluster_id=cluster)
            # A state that broke off is told anew, and none that is older.
            wish.with_state = not whole
            if after is not None:
                wish.after_revision = after
            try:
                for told in self._stream(self._addresses[0], wish):
                    cluster = told.cluster_id or cluster
                    changes = list(told.state.rows)
                    for revision in told.changes.revisions:
                        changes += revision.changes
                    for change in changes:
                        yield change
                    after = told.revision
                    whole = not told.HasField("state") or told.state.last
            except (grpc.RpcError, ValueError) as broken:
                # A channel that was closed raises what it likes.
                if self._closed:
                    return
                if not isinstance(broken, grpc.RpcError):
                    raise
                if broken.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN):
                    raise self._error(broken) from broken
            self._rotate()
            time.sleep(0.1)

    def close(self):
        self._closed = True
        for channel in self._channels.values():
            channel.close()

    def _next(self):
        with self._lock:
            self._sequence += 1
            done = self._sequence
        return {"session": self._session, "sequence": done, "acknowledged_below": done}

    def _ask(self, service, method, name, wish=None):
        request = self._message(f"quorate.v1.{name}Request")(**(wish or {}))
        answer = self._message(f"quorate.v1.{name}Response")
        end = time.monotonic() + self._timeout
        while True:
            address = self._leader or self._addresses[0]
            call = self._channel(address).unary_unary(
                f"/quorate.v1.{service}/{method}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer.FromString,
            )
            # The leader's address rather than a forward, so that the next request takes one hop.
            metadata = [("x-quorate-no-forward", "1")]
            try:
                return call(request, timeout=max(0.1, end - time.monotonic()), metadata=metadata)
            except grpc.RpcError as failed:
                error = self._error(failed)
                # A client session covers what may have happened: repeated, it happens once.
                is_covered = bool(wish and "client" in wish)
                again = error.reason in self.AGAIN and (error.outcome == "refused" or is_covered)
                if not again or time.monotonic() >= end:
                    raise error from failed
                known = error.data.get("leader", "")
                if known:
                    print(f"{address} says: the leader is {known}")
                self._leader = known or None
                if not known:
                    self._rotate()
                    time.sleep(0.05)

    def _stream(self, address, wish):
        response = self._message("quorate.v1.WatchResponse")
        call = self._channel(address).unary_stream(
            "/quorate.v1.Cluster/Watch",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return call(wish)

    def _channel(self, address):
        with self._lock:
            if address not in self._channels:
                self._channels[address] = grpc.insecure_channel(address)
            return self._channels[address]

    def _rotate(self):
        self._addresses.append(self._addresses.pop(0))

    def _error(self, failed):
        """Reads the google.rpc.ErrorInfo in the details of a status."""
        found = dict(failed.trailing_metadata() or ()).get(DETAILS)
        if found is None:
            return QuorateError(failed, None)
        status = self._message("google.rpc.Status").FromString(found)
        info = self._message("google.rpc.ErrorInfo")()
        for detail in status.details:
            if detail.type_url.endswith("/google.rpc.ErrorInfo"):
                info.MergeFromString(detail.value)
        return QuorateError(failed, info)


def main(addresses):
    client = Quorate(addresses)
    told = threading.Semaphore(0)

    def tell():
        for change in client.watch("python/"):
            value = change.entry.value.decode() if change.HasField("entry") else None
            print(f"watched {change.key} = {value}", flush=True)
            told.release()

    before = client.get("python/mode")
    revision = client.put("python/mode", b"blue")
    print(f"before: {before.value.decode() if before else None}; put at a revision: {revision > 0}")
    threading.Thread(target=tell, daemon=True).start()
    told.acquire(timeout=10)
    again = client.put("python/mode", b"green", if_revision=revision)
    told.acquire(timeout=10)
    try:
        client.put("python/mode", b"red", if_revision=revision)
    except QuorateError as refused:
        print(f"refused: {refused.reason}, {refused.outcome}; {refused.hint}")
    entry = client.get("python/mode")
    print(f"now: {entry.value.decode()}, at the second put's revision: {entry.revision == again}")
    client.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python3 store.py HOST:PORT...")
    main(sys.argv[1:])
