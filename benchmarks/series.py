"""Reconciled series: is it calibrated, does it beat what analysts do today, and what does it cost?

    python benchmarks/series.py [--quick] [--only calibration|real|speed] [--records N] [--development]

(a) calibration on simulated records with known truth, (b) facts of the real record held out, (c) CPU and memory. No
program does this job, so the rivals are the methods of `heuristics.py`. Every figure is printed beside its target and
whether it is met. Whoever works on the model passes `--development`: the seeds of the final run stay unseen by it.
"""

from __future__ import annotations

import argparse
import os

PARTS = ("calibration", "real", "speed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="60 records and a tenth of the mass run")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--records", type=int, default=None, help="simulated records of each kind (default 500)")
    parser.add_argument("--development", action="store_true", help="seeds that a developer may see")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # before numpy is imported: one process, one core, so that CPU-seconds compare
    from series_calibration import DEVELOPMENT, FINAL, calibrate
    from series_real import compare_real
    from series_speed import measure_speed

    records = options.records or (60 if options.quick else 500)
    parts = (options.only,) if options.only else PARTS
    if "calibration" in parts:
        calibrate(records, DEVELOPMENT if options.development else FINAL, options.workers)
    if "real" in parts:
        compare_real()
    if "speed" in parts:
        measure_speed(options.quick)


if __name__ == "__main__":
    main()
