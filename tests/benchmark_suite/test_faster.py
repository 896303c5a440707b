"""The sentences about who is faster, from figures written by hand."""

from typing import Any

from benchmarks.faster import where_others_are_faster


def measured(backend: str, threads: int = 1, **figures: Any) -> dict[str, Any]:
    return {"backend": backend, "threads": threads, "outcome": "measured", **figures}


SKIPPED = {"backend": "mygrad", "threads": 1, "outcome": "skipped", "problem": "a test."}


def test_each_comparison_is_a_sentence() -> None:
    step = [
        measured("floor", microseconds=200),
        measured("captured", microseconds=500),
        measured("tf1", microseconds=400),
        measured("jax_jit", microseconds=450),
        measured("jax_scan", microseconds=300),
        measured("numpy", microseconds=600),
        measured("captured", 2, microseconds=400),
        measured("numpy", 2, microseconds=500),
        SKIPPED,
    ]
    points = {"captured": [10, 20, 30], "numpy": [9, 21, 31], "tf_session": [11, 10, 20]}
    scale = [
        measured(name, axis="width", value=value, microseconds=microseconds)
        for name, figures in points.items()
        for value, microseconds in zip((32, 64, 2048), figures, strict=True)
    ]
    memory = [
        measured(name, batch_size=64, system_later_bytes=size)
        for name, size in {"captured": 12_000_000, "numpy": 4_700_000, "eager": 4}.items()
    ]
    assert where_others_are_faster({"step": step, "scale": scale, "memory": memory}) == [
        "One step on 1 thread (ours: 500 µs): JAX, the loop in one scan (300 µs); JAX, jit "
        "(450 µs).",
        "By width: NumPy by hand at 32 (1.11 times as fast at 32); TensorFlow, TF1 Session from "
        "64 on (1.50 times as fast at 2,048).",
        "Resident memory of a training with batch 64 (ours: 12.0 MB): NumPy by hand (4.7 MB).",
    ]


def test_with_two_kernels_ours_is_the_one_of_the_better() -> None:
    step = [
        measured(name, microseconds=microseconds)
        for name, microseconds in [("captured", 5), ("mygrad", 4), ("captured", 7), ("numpy", 6)]
    ]
    assert where_others_are_faster({"step": step, "scale": [], "memory": []}) == [
        "One step on 1 thread (ours: 5 µs): MyGrad (4 µs)."
    ]


def test_nothing_is_said_of_what_nobody_told() -> None:
    memory = [measured("captured", batch_size=64, system_later_bytes=None)]
    assert where_others_are_faster({"step": [SKIPPED], "scale": [], "memory": memory}) == []
