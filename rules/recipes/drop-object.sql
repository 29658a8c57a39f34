{# No release uses it any more before it goes. #}
{% import "parts" as parts %}
-- release: code whose statements do not name `{{ object.name }}`
-- file: contract {{ word("drop", object.name) }}
{{ parts.approval("no release since <release> uses " ~ object.name, false) }}
{{ object.statement }};
