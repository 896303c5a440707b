"""Checkpoints whose digest is right and whose content is not: every member and every number.

``damaged(content)`` yields ``(name, content)`` of each, made of the bytes of a good one.
"""

import hashlib
import io
import json
import struct
import warnings
import zipfile

import numpy as np

DIGEST = 64
STORED = zipfile.ZIP_STORED


def damaged(content):
    members = unpack(content)
    for name in members:
        for kind, change in MEMBERS.items():
            yield f"{name}: {kind}", sealed(change(dict(members), name))
        for kind, change in HEADERS.items():
            changed = {**members, name: change(members[name])}
            yield f"{name}: {kind}", sealed(pack(changed))
        array = np.load(io.BytesIO(members[name]))
        for kind, change in ARRAYS.items():
            other = change(array)
            if other.dtype != array.dtype or other.tobytes() != array.tobytes():
                yield f"{name}: {kind}", sealed(pack({**members, name: npy(other)}))
        if array.dtype.kind == "f":
            for number in (np.nan, np.inf, -np.inf):
                other = array.copy()
                other.flat[-1] = number
                if np.isnan(number) or "slot" not in name:  # a sum of squares may overflow
                    yield f"{name}: {number}", sealed(pack({**members, name: npy(other)}))
    yield from wrong_descriptions(members)
    for kind, change in ARCHIVES.items():
        yield f"archive: {kind}", sealed(change(content[:-DIGEST]))


def wrong_descriptions(members):
    good = json.loads(np.load(io.BytesIO(members["description.npy"])).tobytes())

    def described(text):
        return sealed(pack({**members, "description.npy": npy(np.frombuffer(text, np.uint8))}))

    for kind, text in DESCRIPTIONS.items():
        yield f"description: {kind}", described(text)
    for path in paths(good):
        for value in (
            ...,
            None,
            "7",
            [7],
            {"a": 7},
            -1,
            0,
            1.5,
            10**30,
            10**400,
            float("nan"),
            True,
        ):
            if path not in FREE and (path, repr(value)) not in HARMLESS:
                changed = json.loads(json.dumps(good))
                put(changed, path, value)
                if changed != good:
                    shown = "missing" if value is ... else f"{value!r:.12}"
                    yield f"{'.'.join(path)}: {shown}", described(json.dumps(changed).encode())
    for key in sorted(good.keys() & {"settings", "optimizer", "data"}):
        changed = {**good, key: {**good[key], "dropout": 0.5}}
        yield f"{key}: one more", described(json.dumps(changed).encode())


VALUES = (..., None, "7", [7], {"a": 7}, -1, 0, 1.5, 10**30, 10**400, float("nan"), True)
FREE = {("version",), ("settings", "seed"), ("settings", "threads")} | {
    ("data", "generator", *rest)
    for rest in [("has_uint32",), ("uinteger",), ("state", "state"), ("state", "inc")]
}
"""What may be other than it is: the seed that a run began with says nothing of where it stands."""
HARMLESS = {
    *((path, "Ellipsis") for path in [("network",), ("classes",)]),
    *((("settings", name), "Ellipsis") for name in ("classes", "transpose")),
    (("classes",), "None"),
    (("settings", "transpose"), "True"),
}
"""What early versions did not write, and what another run could have said."""
DESCRIPTIONS = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"1",
    "not UTF-8": b'{"format": "\xff"}',
    "nested": b"[" * 100_000,
    "a long number": b'{"format": ' + b"1" * 5000 + b"}",
    "two mebibytes": b'{"format": "' + b"1" * (2 << 20) + b'"}',
    "another format": b'{"format": 2, "version": "0.2.0"}',
    "a format that is true": b'{"format": true}',
}


def paths(value, path=()):
    for key, entry in value.items():
        yield (*path, key)
        if isinstance(entry, dict):
            yield from paths(entry, (*path, key))


def put(value, path, entry):
    for key in path[:-1]:
        value = value[key]
    if entry is ...:
        del value[path[-1]]
    else:
        value[path[-1]] = entry


def unpack(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(members, again=(), method=STORED, compressed=()):
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in [*members.items(), *again]:
            archive.writestr(name, content, method if name in compressed else STORED)
        archive.comment = b"0" * DIGEST
    return buffer.getvalue()[:-DIGEST]


def sealed(content):
    return content + hashlib.sha256(content).hexdigest().encode()


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(text, data=b"", version=b"\x01\x00"):
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def without(members, name):
    del members[name]
    return pack(members)


def renamed(members, name):
    members[name.removesuffix(".npy")] = members.pop(name)
    return pack(members)


def compressed(method):
    return lambda members, name: pack(members, method=method, compressed=[name])


def in_directory(offset, form, number):
    """A change of the member's entry in the archive's directory, and of its own header."""

    def change(members, name):
        content = bytearray(pack(members))
        place = content.rindex(name.encode()) - 46
        struct.pack_into(form, content, place + offset, number)
        return bytes(content)

    return change


MEMBERS = {
    "missing": without,
    "twice": lambda members, name: pack(members, again=[(name, members[name])]),
    "not .npy": renamed,
    "deflated": compressed(zipfile.ZIP_DEFLATED),
    "bzip2": compressed(zipfile.ZIP_BZIP2),
    "lzma": compressed(zipfile.ZIP_LZMA),
    "encrypted": in_directory(8, "<H", 1),
    "strongly encrypted": in_directory(8, "<H", 0x41),
    "patched": in_directory(8, "<H", 0x20),
    "an unknown method": in_directory(10, "<H", 99),
    "of a newer zip": in_directory(6, "<H", 99),
    "another checksum": in_directory(16, "<I", 7),
    "no compressed bytes": in_directory(20, "<I", 0),
    "four gigabytes": in_directory(24, "<I", 0xFFFFFFF0),
    "no bytes": in_directory(24, "<I", 0),
    "a place behind the end": in_directory(42, "<I", 0x7FFFFFFF),
    "a place in another": in_directory(42, "<I", 30),
}
HEADERS = {
    "empty": lambda _: b"",
    "six bytes": lambda content: content[:6],
    "half": lambda content: content[: len(content) // 2],
    "a byte less": lambda content: content[:-1],
    "a byte more": lambda content: content + b"\0",
    "no magic": lambda content: b"weights" + content[7:],
    "version 9": lambda content: content[:6] + b"\x09\x00" + content[8:],
    "version 3": lambda content: content[:6] + b"\x03\x00" + content[8:],
    "a long header": lambda content: content[:8] + b"\xff\xff" + content[10:],
    "no dictionary": lambda _: header(b"weights"),
    "nested": lambda _: header(b"(" * 9000),
    "a call": lambda _: header(
        b"{'descr': exit(), 'fortran_order': False, 'shape': (1,)}", b"1234"
    ),
    "no shape": lambda _: header(b"{'descr': '<f4', 'fortran_order': False}"),
    "a shape of text": lambda _: array_header("('a',)"),
    "a negative shape": lambda _: array_header("(-1,)"),
    "a huge shape": lambda _: array_header("(999999999999999999999,)"),
    "a huge shape of nothing": lambda _: array_header("(0, 99999999999999999999)"),
    "a hundred axes": lambda _: array_header(f"({'1, ' * 100})", b"1234"),
    "a dtype of no size": lambda _: array_header("(4000000000,)", descr="'|V0'"),
    "an unknown dtype": lambda _: array_header("(1,)", b"1234", descr="'<q7'"),
    "a dtype of lists": lambda _: array_header("(1,)", b"1234", descr="[[[[]]]]"),
    "of Python 2": lambda _: array_header("(1L,)", b"1234"),
}


def array_header(shape, data=b"", descr="'<f4'"):
    return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode(), data)


ARRAYS = {
    **{
        f"dtype {dtype}": lambda array, dtype=dtype: array.astype(dtype)
        for dtype in ("<f2", "<f8", ">f8", "<i4", "<u8", ">i4", "?", "<c8", "S9", "U9", "O")
    },
    "structured": lambda array: np.zeros(3, [("a", "<f4"), ("b", "O")]),
    "times": lambda array: (
        array.astype("m8[s]") if array.dtype.kind in "iu" else array[:0].astype("m8[s]")
    ),
    "no elements": lambda array: array[:0],
    "one less": lambda array: array[:-1],
    "one more": lambda array: np.concatenate([array, array[-1:]]),
    "a number": lambda array: array.flat[0].reshape(()),
    "one more axis": lambda array: array[..., None, None, None],
    "turned": lambda array: array.T[..., None].copy(),
    "zeros of another sort": lambda array: np.zeros((2, 2), np.int8),
}
ARCHIVES = {
    "only its end": lambda content: content[content.rindex(b"PK\x05\x06") :],
    "its directory cut": lambda content: b"PK" + content[content.rindex(b"PK\x05\x06") :],
    "a hundred bytes before it": lambda content: b"PK" + bytes(98) + content[1000:],
    "a directory of nothing": lambda content: content[:-10] + bytes(4) + content[-6:],
    "a directory of 200 megabytes": lambda content: content[:-10] + b"\0\0\0\x0c" + content[-6:],
    "a directory elsewhere": lambda content: content[:-6] + b"\xff\xff\xff\x7f" + content[-2:],
    "no comment": lambda content: content[:-2] + b"\0\0",
    "no members": lambda content: pack({}),
}
