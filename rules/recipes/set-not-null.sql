{# A check proves what SET NOT NULL would look up in every row. #}
{% import "parts" as parts %}
{% if not column %}{{ refuse("the history does not know the column") }}{% endif %}
{% set not_null = ident(table.name, column.name, "not_null") %}
-- release: code that always writes `{{ column.name }}`
{# With the check in front, every change of a row that is not filled yet would fail. #}
{% if fill %}
-- file: migrate {{ word("fill", table.name, column.name) }} alone
{{ parts.batches(table, column.sql ~ " = " ~ fill, column.sql ~ " IS NULL") }}
{% else %}
-- by hand: give the rows without `{{ column.name }}` the value that they should have, in batches
{% endif %}
-- file: expand {{ word("check", table.name, column.name) }}
-- bowline: ignore add-check reason="every release writes {{ column.name }}"
ALTER TABLE {{ table.sql }} ADD CONSTRAINT {{ not_null }} CHECK ({{ column.sql }} IS NOT NULL) NOT VALID;
-- down
ALTER TABLE {{ table.sql }} DROP CONSTRAINT {{ not_null }};
-- file: migrate {{ word("validate", table.name, column.name) }}
ALTER TABLE {{ table.sql }} VALIDATE CONSTRAINT {{ not_null }};
-- file: contract {{ word("require", table.name, column.name) }}
{{ parts.contract_not_null(table, column, not_null) }}
