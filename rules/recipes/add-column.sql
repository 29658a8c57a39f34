{# Rows that are there get their value in batches, and then it is required. #}
{% import "parts" as parts %}
{% if column.in_primary_key or column.numbered or column.generated or column.others %}
{{ refuse("`" ~ column.name ~ "` is a key, numbered, computed or unique") }}
{% endif %}
{% set not_null = ident(table.name, column.name, "not_null") %}
-- file: expand {{ word("add", table.name, column.name) }}
ALTER TABLE {{ table.sql }} ADD COLUMN {{ column.sql }} {{ column.type }};
{% if column.default %}
ALTER TABLE {{ table.sql }} ALTER COLUMN {{ column.sql }} SET DEFAULT {{ column.default }};
{% endif %}
-- down
ALTER TABLE {{ table.sql }} DROP COLUMN {{ column.sql }};
{% if not column.default %}
-- release: code that always writes `{{ column.name }}`
{% endif %}
{% if column.constraints or column.not_null %}
-- file: expand {{ word("check", table.name, column.name) }}
{{ parts.expand_constraints(table, column, column, not_null, "every release fills " ~ column.name) }}
{% endif %}
{% if fill %}
-- file: migrate {{ word("fill", table.name, column.name) }} alone
{{ parts.batches(table, column.sql ~ " = " ~ fill, column.sql ~ " IS NULL") }}
{% else %}
-- by hand: give the rows without `{{ column.name }}` the value that they should have, in batches
{% endif %}
{{ parts.validate(table, column, not_null, word("validate", table.name, column.name)) }}
{% if column.not_null %}
-- file: contract {{ word("require", table.name, column.name) }}
{{ parts.contract_not_null(table, column, not_null) }}
{% endif %}
