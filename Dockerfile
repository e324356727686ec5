# The service as a container: hashed requirements, no root, nothing written outside /data.
#
#   docker build -t curule .
#   docker run --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 -v curule:/data curule

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/curule
COPY requirements/run.txt requirements/run.txt
RUN /opt/curule/bin/pip install --require-hashes --requirement requirements/run.txt
COPY pyproject.toml LICENSE ./
COPY domain domain
COPY projections projections
COPY service service
RUN /opt/curule/bin/pip install --no-deps --no-build-isolation . \
    && /opt/curule/bin/pip uninstall --yes hatchling pip

FROM python:3.13-slim

LABEL org.opencontainers.image.title="Curule" \
      org.opencontainers.image.description="An event-sourced governance ledger" \
      org.opencontainers.image.licenses="Apache-2.0"

ENV PATH="/opt/curule/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CURULE_LEDGER="sqlite:////data/curule.db" \
    CURULE_VAULT="sqlite:////data/curule-vault.db" \
    CURULE_VIEWS="/data/curule-views.db"

RUN groupadd --gid 10001 curule \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin curule \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/curule /opt/curule

USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]

# The first key comes before the first start: docker run … curule curule keys create NAME --role admin
CMD ["curule", "serve", "--host", "0.0.0.0", "--behind-proxy"]
