"""Install one pinned wheel into a virtual environment of its own: install_wheel.py <requirement> <folder>.

Any number of processes may ask at once: the first one installs, the others wait for its lock, which the system
releases even if that process is killed. `<folder>/.complete` exists only after a whole installation.
"""

import os
import shutil
import subprocess
import sys

NO_VENV = (
    "python3 cannot make virtual environments: its module {} is missing"
    " (Debian and Ubuntu: apt install python3-venv)"
)


def main(requirement: str, folder: str) -> None:
    try:
        import ensurepip  # noqa: F401  what venv needs and some distributions leave out
        import fcntl
        import venv
    except ImportError as error:
        sys.exit(NO_VENV.format(error.name))
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        marker = os.path.join(folder, ".complete")
        if os.path.exists(marker):
            return
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True, symlinks=True)
        python = os.path.join(folder, "bin", "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, requirement], check=False)
        if done.returncode != 0:
            sys.exit(f"pip could not install {requirement}")
        open(marker, "w", encoding="utf-8").close()


main(sys.argv[1], sys.argv[2])
