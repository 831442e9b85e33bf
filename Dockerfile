# Pin a digest here if builds must be reproducible.
ARG NODE_IMAGE=node:26-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Omits the optional dependencies: they are the project's own Node, which the image already has.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY config config
COPY src src
# All files are owned by root and never written, so a read-only file system is sufficient.
USER node
EXPOSE 3000 3001
STOPSIGNAL SIGTERM
# A shell instead of Node: it starts in a few milliseconds.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${PORT:-3000} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
# Fewer pauses for garbage collection: see docs/running.md, "Memory".
CMD ["node", "--max-semi-space-size=64", "src/main.ts"]
# docker build --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)"
ARG VERSION REVISION
LABEL org.opencontainers.image.title="zyntro-bff" \
  org.opencontainers.image.description="An authenticated backend-for-frontend proxy for the Zyntro CRM" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
