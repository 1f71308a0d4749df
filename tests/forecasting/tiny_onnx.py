"""The smallest ONNX file there is, written by hand: ``quantiles`` is ``features``, whatever their shape.

Field numbers from onnx.proto3 of the ONNX specification, wire format of protocol buffers.
"""

_VARINT, _BYTES = 0, 2
_FLOAT = 1  # TensorProto.DataType


def identity_model(columns: int, rank_one: bool = False) -> bytes:
    """A model of one Identity node over (N, columns) float32, or over (N,) with ``rank_one``."""
    node = _text(1, "features") + _text(2, "quantiles") + _text(4, "Identity")
    sizes = [_text(2, "N")] if rank_one else [_text(2, "N"), _number(1, columns)]
    shape = b"".join(_bytes(1, size) for size in sizes)
    tensor = _bytes(1, _number(1, _FLOAT) + _bytes(2, shape))
    values = {name: _text(1, name) + _bytes(2, tensor) for name in ("features", "quantiles")}
    graph = _bytes(1, node) + _text(2, "tiny") + _bytes(11, values["features"]) + _bytes(12, values["quantiles"])
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 15))


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(number)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())
