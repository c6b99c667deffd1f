# Two stages: the tools that build stay in the first one.
# The version the tests run on, pinned by tag; pin it by digest in your registry.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN ["python", "-m", "venv", "/opt/gateway"]
# Before the sources, so that a change of code does not install everything again. The lock is
# complete: nothing is resolved.
COPY requirements.lock ./
RUN ["/opt/gateway/bin/python", "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", "requirements.lock"]
COPY pyproject.toml README.md ./
COPY gateway gateway
COPY translators translators
RUN ["/opt/gateway/bin/python", "-m", "pip", "install", "--no-deps", "--no-build-isolation", "."]
# What only builds is not needed to run, and neither is an installer.
RUN ["/opt/gateway/bin/python", "-m", "pip", "uninstall", "--yes", "hatchling", "editables", "trove-classifiers", "pathspec", "pluggy", "tomlkit", "packaging", "setuptools", "pip"]

FROM ${PYTHON}
COPY --from=build /opt/gateway /opt/gateway
# The store's directory belongs to the one user that runs the gateway; nothing else is written.
RUN ["install", "--directory", "--owner=10001", "--group=10001", "--mode=0700", "/data"]
ENV PATH=/opt/gateway/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_PORT=8080 \
    GATEWAY_ADMIN_PORT=8081 \
    GATEWAY_STORE=sqlite:////data/dispatch-gateway.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
# Ready means that a dispatch could be made durable now. The admin bind is asked: it is plain HTTP on
# loopback whatever the public one is. No shell, no curl, no proxy from outside.
HEALTHCHECK --interval=10s --timeout=4s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['GATEWAY_ADMIN_PORT']), timeout=3); c.request('GET', '/readyz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["dispatch-gateway"]
CMD ["serve"]
