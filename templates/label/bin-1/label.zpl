^XA
^CI28
^PW457
^LL254
^LH0,0
^PQ{{ copies }}
{% for line in bin %}
^FO20,{{ 14 + 50 * loop.index0 }}^A0N,48,46^FH_^FD{{ line }}^FS
{% endfor %}
{% if code.kind == "ean13" %}
^FO90,74^BY2^BEN,90,N,N^FH_^FD{{ code.data }}^FS
{% elif code.kind == "upca" %}
^FO90,74^BY2^BUN,90,N,N,N^FH_^FD{{ code.data }}^FS
{% elif code.kind == "ean8" %}
^FO90,74^BY2^B8N,90,N,N^FH_^FD{{ code.data }}^FS
{% elif code.kind == "code128" %}
^FO30,74^BY2^BCN,100,N,N,N^FH_^FD{{ code.data }}^FS
{% else %}
^FO20,74^BXN,{{ code.module }},200,,,,_^FH_^FD{{ code.data }}^FS
{% endif %}
{% set matrix = code.kind == "datamatrix" %}
{% for line in title %}
^FO{{ 210 if matrix else 30 }},{{ (84 if matrix else 186) + 26 * loop.index0 }}^A0N,22,20^FH_^FD{{ line }}^FS
{% endfor %}
^XZ
