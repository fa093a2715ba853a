# Two images for every survey (CLASSIFIER_STRATEGY chooses which): `worker`, the default target, and
# `simulation`, which adds what `simulate` needs. The models inside have learned from simulated alerts:
# mount the published ones over /app/model/<survey>.
# The base is named without its digest, so that a build has the system's latest corrections; who must
# build the same again gives BASE=python:3.11-slim-trixie@sha256:... as a build argument.
ARG BASE=python:3.11-slim-trixie
FROM ${BASE} AS build
WORKDIR /src
COPY requirements ./requirements
# Nothing is built but ourselves: what builds a package is not pinned, and there is no compiler.
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/build.txt \
 && python -m venv --without-pip /opt/venv \
 && VIRTUAL_ENV=/opt/venv uv pip sync --no-cache --no-build --compile-bytecode --require-hashes requirements/base.txt
COPY LICENSE README.md pyproject.toml ./
COPY stampapp ./stampapp
# `stampapp/model` is a link to it.
COPY model ./model
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && VIRTUAL_ENV=/opt/venv uv pip install --no-cache --compile-bytecode --no-deps --no-index /wheels/*.whl

FROM ${BASE} AS worker
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
# Nothing is written but to /tmp: the root may be read-only.
EXPOSE 6066
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"WEB_PORT\") or 6066}/healthz', timeout=4)"]
ENTRYPOINT ["faust", "-A", "stampapp"]
CMD ["worker"]

FROM worker AS simulation
USER root
# Adds a few packages to the worker's image instead of copying a second environment.
RUN --mount=type=bind,from=build,source=/usr/local/bin/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements,target=/requirements \
    VIRTUAL_ENV=/opt/venv uv pip install --no-cache --no-build --compile-bytecode --require-hashes -r /requirements/simulation.txt
USER 10001:10001
HEALTHCHECK NONE
CMD ["simulate", "--help"]

# The last stage is what `docker build` makes unless told otherwise.
FROM worker
