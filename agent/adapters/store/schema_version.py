"""What a reader must know of the schema that needs no row of it: its version, and the columns beside the streams.

Apart from ``schema_sql``, which knows every row, because a plan loads this each time and needs no row.
"""

SCHEMA_VERSION = 8
# Every version of the store has had it, and those to come must keep it: a database without it is another program's,
# also where its version is above ours.
FIRST_TABLE = "stream"

WEATHER_COLUMNS = ("temperature_c", "ghi_w_m2", "cloud_pct")
FLAG_COLUMNS = ("quantity", "kind", "start", "until", "reason")
