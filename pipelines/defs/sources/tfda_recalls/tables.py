"""Bronze table of the recalled products."""

from pipelines.core.table import BronzeTable, FileKind, text


class TaiwanRecall(BronzeTable):
    """One product of one act of recall."""

    name, source, owner = "tfda_recalls_product", "tfda_recalls", "quality-defects"
    files = FileKind(r"(^|/)tfda[_-]?recalls?[^/]*/([^/]+/)*[^/]+\.json(\.gz)?$")

    recall_class = text("Class, 回收分級, in eleven spellings")
    act_number = text("Number of the act, 文號")
    day = text("Day of the act, 日期, YYYY/MM/DD")
    product = text("Product, 產品")
    licence = text("Licence, 許可證字號; several joined")
    batches = text("Batches, 批號, a text")
    holder = text("Licence holder, 許可證持有者")
    stated_reason = text("Reason, 原因")  # `reason` is the reader's own
