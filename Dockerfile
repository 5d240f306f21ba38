# The dashboards in a container, from the same locked packages as everywhere. How to run it, and why
# each option is there: docs/operations.md, "In a container".
# Debian 12 as built on 18 September 2026, for every platform; from the record of Docker's official images.
FROM debian:bookworm-20260918-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251

RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --home-dir /nonexistent kpi \
    && install --directory --owner kpi --mode 700 /srv/kpi

WORKDIR /opt/kpi
ENV PATH=/opt/kpi/.venv/bin:$PATH
COPY requirements.lock ./
RUN python3 -m venv .venv \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY .streamlit/config.toml .streamlit/
COPY app.py ./
COPY pages pages
COPY queries queries
COPY kpi kpi
RUN python -m compileall -q app.py pages kpi

# It may write to the store and to /tmp, nowhere else. Inside, it has to listen on every address, so it shows
# nothing until [auth] is configured, or KPI_NO_LOGIN=1 says that everyone who reaches it may look.
USER kpi
ENV KPI_HOME=/srv/kpi HOME=/tmp STREAMLIT_SERVER_ADDRESS=0.0.0.0
VOLUME /srv/kpi
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py"]
