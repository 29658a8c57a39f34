{# No release names the column any more before it goes. #}
{% import "parts" as parts %}
{% if not column %}{{ refuse("the history does not know the column") }}{% endif %}
{% if column.not_null and not column.default and not column.numbered and not column.generated and not column.in_primary_key %}
-- file: expand {{ word("release", table.name, column.name) }}
-- INSERTs that do not name the column have to work.
ALTER TABLE {{ table.sql }} ALTER COLUMN {{ column.sql }} DROP NOT NULL;
{% endif %}
-- release: code that neither reads nor writes `{{ column.name }}` (ORMs list all columns: tell it to ignore this one)
-- file: contract {{ word("drop", table.name, column.name) }}
{{ parts.approval("no release since <release> uses " ~ column.name, true) }}
{{ parts.views_first(column.views, column.sql) }}
ALTER TABLE {{ table.sql }} DROP COLUMN {{ column.sql }};
