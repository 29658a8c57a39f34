{# A view keeps the old name alive until no release uses it. #}
{% import "parts" as parts %}
{% if object.word != "table" %}{{ refuse("it is about a " ~ object.word) }}{% endif %}
-- file: expand {{ word("rename", table.name) }}
-- The old release reads and writes through the view.
ALTER TABLE {{ table.sql }} RENAME TO {{ to.sql }};
CREATE VIEW {{ table.sql }} AS SELECT * FROM {{ table.prefix }}{{ to.sql }};
-- down
DROP VIEW {{ table.sql }};
ALTER TABLE {{ table.prefix }}{{ to.sql }} RENAME TO {{ ident(table.name) }};
-- release: code that uses `{{ to.name }}` and no longer `{{ table.name }}`
-- file: contract {{ word("drop", table.name, "view") }}
{{ parts.approval("no release since <release> uses " ~ table.name, false) }}
DROP VIEW {{ table.sql }};
