^XA
^CI28
^PW457
^LL254
^LH0,0
^PQ{{ copies }}
{% for line in title %}
^FO20,{{ 14 + 26 * loop.index0 }}^A0N,24,22^FH_^FD{{ line }}^FS
{% endfor %}
{% if code.kind == "ean13" %}
^FO90,70^BY2^BEN,80,N,N^FH_^FD{{ code.data }}^FS
{% elif code.kind == "upca" %}
^FO90,70^BY2^BUN,80,N,N,N^FH_^FD{{ code.data }}^FS
{% elif code.kind == "ean8" %}
^FO90,70^BY2^B8N,80,N,N^FH_^FD{{ code.data }}^FS
{% elif code.kind == "code128" %}
^FO30,70^BY2^BCN,90,N,N,N^FH_^FD{{ code.data }}^FS
{% else %}
^FO20,70^BXN,{{ code.module }},200,,,,_^FH_^FD{{ code.data }}^FS
{% endif %}
{% set matrix = code.kind == "datamatrix" %}
{% for line in serial %}
^FO{{ 210 if matrix else 30 }},{{ (84 if matrix else 166) + 28 * loop.index0 }}^A0N,24,22^FH_^FD{{ line }}^FS
{% endfor %}
{% for line in sku %}
^FO{{ 210 if matrix else 30 }},{{ (148 if matrix else 196) + 24 * loop.index0 }}^A0N,20,18^FH_^FD{{ line }}^FS
{% endfor %}
^XZ
