"""An answer that would say something else each time it is asked."""

import datetime as dt


def answer(lake, row):
    if row["table_name"] != "toy_line":
        return None
    return "txt", f"{row['file']} at {dt.datetime.now().isoformat()}".encode()
