"""What a reader must know of the schema that needs no row of it: its version, and the columns beside the streams.

Apart from ``schema_sql``, which knows every row, because a plan loads this each time and needs no row.
"""

SCHEMA_VERSION = 8
FIRST_TABLE = "stream"  # every version of the store has had it; a database without it is another program's

WEATHER_COLUMNS = ("temperature_c", "ghi_w_m2", "cloud_pct")
FLAG_COLUMNS = ("quantity", "kind", "start", "until", "reason")
