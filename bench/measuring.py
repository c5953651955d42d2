"""What the measured processes have in common."""

import json
import resource


def answer(facts: int, seconds: float, **more: float) -> None:
    """Print one process's figures: facts per second and its peak memory."""
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"facts": facts, "per_s": facts / seconds, "seconds": seconds, "peak_mb": peak_kb / 1024, **more}))
