"""``python -m imu_reps``: the command line."""

from imu_reps.cli.main import main

if __name__ == "__main__":
    main()
