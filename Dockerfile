# Three targets, all for every survey (CLASSIFIER_STRATEGY): `worker`, the default; `lean`, without TensorFlow,
# for workers on the native engine; and `simulation`, which adds to `worker` what `simulate` needs. The models in
# the image are trained on simulated alerts only: mount published models at /app/model/<survey>.
# The base has no digest, so that a build gets the latest fixes of the system. For a reproducible build, set
# the build argument BASE=docker.io/library/python:3.11-slim-trixie@sha256:...
ARG BASE=docker.io/library/python:3.11-slim-trixie
FROM ${BASE} AS tools
WORKDIR /src
# For a base that trusts a proxy.
ENV UV_SYSTEM_CERTS=true
COPY requirements/build.txt ./requirements/
# Install wheels only: build dependencies are not pinned. The build tools have an environment of their own,
# because Debian's Python refuses packages outside of one.
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/build.txt \
 && python -m venv --without-pip /opt/venv

FROM tools AS packages
COPY requirements/image.txt ./requirements/
RUN VIRTUAL_ENV=/opt/venv /opt/build/bin/uv pip sync --no-cache --no-build --compile-bytecode --require-hashes requirements/image.txt \
# Headers, which only a compiler needs (256 MB).
 && rm -r /opt/venv/lib/python3*/site-packages/tensorflow/include

FROM tools AS lean-packages
COPY requirements/lean.txt ./requirements/
RUN VIRTUAL_ENV=/opt/venv /opt/build/bin/uv pip sync --no-cache --no-build --compile-bytecode --require-hashes requirements/lean.txt

FROM tools AS program
# What builds the native engine. Debian's Python needs its headers: COMPILER="g++ python3-dev".
ARG COMPILER=g++
RUN apt-get update && apt-get install --yes --no-install-recommends ${COMPILER}
COPY LICENSE MANIFEST.in README.md pyproject.toml setup.py ./
COPY requirements ./requirements
COPY stampapp ./stampapp
# `stampapp/model` is a link to this folder.
COPY model ./model
# The engine is optional for an installation, but not for the image.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/build/bin/uv pip install --python /opt/build --prefix /opt/program --no-cache --compile-bytecode --no-deps --no-index /wheels/*.whl \
 && ls /opt/program/lib/python3*/site-packages/stampapp/native/*.so

FROM ${BASE} AS runtime
# WORKDIR alone makes no folder with podman, and Kubernetes does not start a container without it.
RUN mkdir /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
# Only /tmp is written to, so the root file system may be read-only.
ENV MODEL_CACHE=/tmp/models
EXPOSE 6066
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"WEB_PORT\") or 6066}/healthz', timeout=4)"]
ENTRYPOINT ["faust", "-A", "stampapp"]
CMD ["worker"]

FROM runtime AS lean
# The program is a small layer upon the large one of its packages, which a new version can share.
COPY --from=lean-packages /opt/venv /opt/venv
COPY --from=program /opt/program /opt/venv

FROM runtime AS worker
COPY --from=packages /opt/venv /opt/venv
COPY --from=program /opt/program /opt/venv

FROM worker AS simulation
USER 0
# Add a few packages to the worker's image instead of a second environment.
RUN --mount=type=bind,from=tools,source=/opt/build/bin/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements,target=/requirements \
    UV_SYSTEM_CERTS=true VIRTUAL_ENV=/opt/venv uv pip install --no-cache --no-build --compile-bytecode --require-hashes \
    --overrides /requirements/image.overrides -r /requirements/simulation.txt
USER 10001:10001
HEALTHCHECK NONE
CMD ["simulate", "--help"]

# The last stage is the default target of `docker build`.
FROM worker
