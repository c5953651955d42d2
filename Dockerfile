# The program with what it needs to run, and nothing of the workshop.

FROM python:3.11-slim AS build
WORKDIR /build
COPY . .
# The program's environment has no pip of its own: nothing can be installed into it later.
RUN python -m pip install --no-cache-dir --upgrade --constraint constraints.txt pip \
 && python -m venv --without-pip /opt/engagement \
 && python -m pip --python /opt/engagement/bin/python install --no-cache-dir \
    --constraint constraints.txt --build-constraint constraints.txt .


FROM python:3.11-slim
LABEL org.opencontainers.image.title="engagement" \
      org.opencontainers.image.description="Live completion and engagement of participants on NPQs, from an append-only log"
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin engagement \
 && install --directory --owner=engagement --group=engagement /data
COPY --from=build /opt/engagement /opt/engagement
ENV PATH=/opt/engagement/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    ENGAGEMENT_DATA_DIR=/data \
    ENGAGEMENT_LOG_FORMAT=json \
    ENGAGEMENT_PROBE_PORT=8080
# A number, so that whoever runs the image can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
# Says of a worker whether it gets on with its work; for one that does not, the worker itself ends.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, sys; from http.client import HTTPConnection; probe = HTTPConnection('127.0.0.1', int(os.environ['ENGAGEMENT_PROBE_PORT']), timeout=4); probe.request('GET', '/healthz'); sys.exit(probe.getresponse().status != 200)"]
ENTRYPOINT ["engagement"]
CMD ["worker"]
