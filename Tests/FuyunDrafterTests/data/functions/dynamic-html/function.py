"""A page with as many random numbers as the caller asks for."""

import random

from jinja2 import Template

PAGE = Template("""<html>
  <body>
    <h1>Hello {{ user }}</h1>
    <ol>{% for value in values %}
      <li>{{ value }}</li>{% endfor %}
    </ol>
  </body>
</html>""")


def handler(event):
    values = random.sample(range(1000000), event["random_len"])
    return {"html": PAGE.render(user=event.get("username"), values=values)}
