{# A second value beside the first: a value cannot be taken out of an enum. #}
{% import "parts" as parts %}
-- file: expand {{ word("add", enum.name, enum.to) }}
ALTER TYPE {{ enum.sql }} ADD VALUE {{ enum.to | literal }} AFTER {{ enum.from | literal }};
-- release: code that reads both values and writes `{{ enum.to }}`
{% set defaults = enum.columns | selectattr("default") | list %}
{% if defaults %}
-- file: migrate {{ word("default", enum.name, enum.to) }}
{% for column in defaults %}
ALTER TABLE {{ column.table.sql }} ALTER COLUMN {{ column.column.sql }} SET DEFAULT {{ enum.to | literal }};
{% endfor %}
-- down
{% for column in defaults %}
ALTER TABLE {{ column.table.sql }} ALTER COLUMN {{ column.column.sql }} SET DEFAULT {{ enum.from | literal }};
{% endfor %}
{% endif %}
{% for column in enum.columns %}
-- file: migrate {{ word("fill", column.table.name, column.column.name) }} alone
{{ parts.batches(column.table, column.column.sql ~ " = " ~ enum.to | literal,
    column.column.sql ~ " = " ~ enum.from | literal) }}
{% endfor %}
-- release: code that no longer knows `{{ enum.from }}`; the value stays in the type, unused
