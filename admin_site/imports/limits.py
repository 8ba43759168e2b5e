"""What a file may hold; said on the page before one is chosen."""

COLUMNS_MOST = 200
ROWS_MOST = 200_000
# Characters: of one cell, of one row, and of the name of a column. A row is one value of a table, and MariaDB takes
# 16 MB at once.
CELL_MOST = 1_000_000
ROW_MOST = 2_000_000
NAME_MOST = 200
# Cells that a sheet of a workbook has room for, empty ones between others counted.
CELLS_MOST = 8_000_000
# What a workbook unpacks to, in all and against its own size; texts count as often as cells name them.
EXPANDED_MOST = 200 * 1024 * 1024
EXPANDS_MOST = 200
