# The agent of one site, as an image: node, Holdfast's bundle, and nothing else.
#
#   docker build -t holdfast .
#
# BASE is any image with node 22 or later; its shell and npm are used by the first stage only. Where no package registry is reached from a
# build, make the bundle outside and let it be taken as it is:
#
#   npm run build && docker build --build-arg BUNDLE=prebuilt -t holdfast .
#
# No BuildKit is needed.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
# So that `docker image prune --filter label=dev.holdfast.build` finds what this stage leaves behind.
LABEL dev.holdfast.build=stage
# `build` makes the bundle here; `prebuilt` takes dist/ from the context.
ARG BUNDLE=build
WORKDIR /src
COPY . .
RUN if [ "$BUNDLE" = build ]; then npm run build; fi \
 && test -f dist/holdfast.js

FROM ${BASE}
COPY --from=build /src/dist /opt/holdfast
# State, and below `apps` the files of Git that services bind. The engine resolves those on the host, so mount a folder of the host here at
# the same path: -v /var/lib/holdfast:/var/lib/holdfast
VOLUME /var/lib/holdfast
# It runs as root: the engine's socket belongs to root, and whoever may write to it is as good as root on the host anyway. Where the socket has a
# group, `--user 65532:GROUP` works as well, with a folder that this user may write.
# What the C library takes for buffers of the network goes back to the system when it is free, instead of lying in holes: an agent is 10 MB
# smaller, and after a fetch as small as before.
ENV MALLOC_MMAP_THRESHOLD_=32768
# A small heap is collected more often and never grows far: an idle agent holds a few MB of objects. Nor is it worth 8 MiB of optimizing
# compilers to what works for some milliseconds a minute; large packs are unpacked by a process that has them.
ENTRYPOINT ["node", "--max-semi-space-size=1", "--max-old-space-size=64", "--no-opt", "--no-maglev", "/opt/holdfast/holdfast.js"]
CMD ["agent"]
