"""Small files in the layouts of the data sets that pages import and that are no part of this repository."""

import gzip
from pathlib import Path

import numpy as np

TEXTS = {
    "site-optus-melbCBD.csv": "SITE_ID,LATITUDE,LONGITUDE,NAME\n10,-37.815,144.974,Corner\n11,-37.810,144.952,Roof\n",
    "users-melbcbd-generated.csv": "Latitude,Longitude\n-37.8146,144.9744\n-37.8101,144.9704\n",
    "edgeResources-melbCBD.csv": "ID,Latitude,Longitude,Level\n0,-37.81,144.96,0\n2,-37.815,144.974,2\n",
    "usersLocation-melbCBD_1.csv": "Latitude,Longitude\n-37.8134, 144.9523\n-37.8144, 144.9525\n",
    "sf_cells.csv": "cell,lat,lon\n1,37.60,-122.40\n2,37.61,-122.41\n",
}
FCD = '<fcd-export><timestep time="0"><vehicle id="a" x="1" y="2"/></timestep></fcd-export>'


def write(folder: Path) -> None:
    """Write all of them into a folder."""
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "fcd.xml.gz").write_bytes(gzip.compress(FCD.encode()))
    np.savez(folder / "sf_serving_1min.npz", serving=np.ones((800, 3), np.uint8))
