# One image for every survey: CLASSIFIER_STRATEGY chooses. The models in it have learned from
# simulated alerts: mount the published ones over /app/model/<survey>.
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
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && VIRTUAL_ENV=/opt/venv uv pip install --no-cache --compile-bytecode --no-deps --no-index /wheels/*.whl

FROM ${BASE}
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY model ./model
USER 10001:10001
# Nothing is written but to /tmp: the root may be read-only.
EXPOSE 6066
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"WEB_PORT\") or 6066}/healthz', timeout=4)"]
ENTRYPOINT ["faust", "-A", "stampapp"]
CMD ["worker"]
