# One image: the page is built with Node.js, the server and its local model are installed from hashes, and what
# is left at the end is Python with one folder, run by a user without rights.

FROM --platform=$BUILDPLATFORM node:24-slim AS page
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.13-slim AS server
WORKDIR /build
RUN python -m venv /opt/headwater
ENV PATH=/opt/headwater/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_DEPS=1
COPY backend/requirements*.lock ./
RUN pip install --require-hashes -r requirements.lock -r requirements-setup.lock
# Where the model has no build for the platform, the scripted provider answers instead.
RUN pip install --require-hashes --only-binary :all: -r requirements-local.lock \
    || echo "The local model cannot run on this platform."
COPY LICENSE ./
COPY backend/pyproject.toml ./backend/
COPY backend/src ./backend/src
COPY --from=page /build/backend/src/headwater/page ./backend/src/headwater/page
RUN pip install --no-build-isolation ./backend \
    && pip uninstall --yes uv setuptools pip
# Some wheels bring more debugging information than code.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && find /opt/headwater -name '*.so' -exec strip --strip-debug {} +

FROM python:3.13-slim
# llama.cpp computes with OpenMP.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && useradd --system --uid 10001 --home-dir /data --create-home headwater
COPY --from=server /opt/headwater /opt/headwater
ENV PATH=/opt/headwater/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HEADWATER_DATA_DIR=/data \
    HEADWATER_HOST=0.0.0.0 \
    HEADWATER_PORT=8000 \
    HEADWATER_TLS_PORT=0
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000 50051
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['HEADWATER_PORT']}{os.environ.get('HEADWATER_BASE_PATH', '')}/healthz\", timeout=4)"]
# Docker kills after 10 s what has not stopped; give running replies their time: docker run --stop-timeout 20
CMD ["headwater", "serve"]
