# Two targets, both for every survey (CLASSIFIER_STRATEGY): `worker`, the default, and `simulation`, which
# adds what `simulate` needs. The models in the image are trained on simulated alerts only: mount published
# models at /app/model/<survey>.
# The base has no digest, so that a build gets the latest fixes of the system. For a reproducible build, set
# the build argument BASE=python:3.11-slim-trixie@sha256:...
ARG BASE=python:3.11-slim-trixie
FROM ${BASE} AS build
WORKDIR /src
COPY requirements ./requirements
# Install wheels only: build dependencies are not pinned, and the image has no compiler.
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/build.txt \
 && python -m venv --without-pip /opt/venv \
 && VIRTUAL_ENV=/opt/venv uv pip sync --no-cache --no-build --compile-bytecode --require-hashes requirements/base.txt
COPY LICENSE README.md pyproject.toml ./
COPY stampapp ./stampapp
# `stampapp/model` is a link to this folder.
COPY model ./model
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && VIRTUAL_ENV=/opt/venv uv pip install --no-cache --compile-bytecode --no-deps --no-index /wheels/*.whl

FROM ${BASE} AS worker
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
# Only /tmp is written to, so the root file system may be read-only.
EXPOSE 6066
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"WEB_PORT\") or 6066}/healthz', timeout=4)"]
ENTRYPOINT ["faust", "-A", "stampapp"]
CMD ["worker"]

FROM worker AS simulation
USER root
# Add a few packages to the worker's image instead of a second environment.
RUN --mount=type=bind,from=build,source=/usr/local/bin/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements,target=/requirements \
    VIRTUAL_ENV=/opt/venv uv pip install --no-cache --no-build --compile-bytecode --require-hashes -r /requirements/simulation.txt
USER 10001:10001
HEALTHCHECK NONE
CMD ["simulate", "--help"]

# The last stage is the default target of `docker build`.
FROM worker
