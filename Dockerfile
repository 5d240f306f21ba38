# The dashboard in a container; the store is a volume, secrets come from the environment or a mounted
# .streamlit/secrets.toml. Inside, the server listens on every address of the container, so it draws
# nothing until [auth] is configured or KPI_NO_LOGIN=1 says that everyone who reaches it may look.
#
#   docker build -t kpi .
#   docker run -p 127.0.0.1:8501:8501 -v kpi-store:/srv/kpi \
#     -v ./secrets.toml:/opt/kpi/.streamlit/secrets.toml:ro --env-file kpi.env --read-only --tmpfs /tmp kpi

FROM python:3.11-slim

RUN useradd --system --uid 10001 --home-dir /opt/kpi kpi && install -d -o kpi -m 700 /srv/kpi
WORKDIR /opt/kpi
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY app.py ./
COPY pages pages
COPY kpi kpi
COPY queries queries
COPY .streamlit/config.toml .streamlit/config.toml

USER kpi
ENV KPI_HOME=/srv/kpi STREAMLIT_SERVER_ADDRESS=0.0.0.0 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8501
VOLUME /srv/kpi
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5)"]
CMD ["streamlit", "run", "app.py"]
