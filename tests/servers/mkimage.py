#!/usr/bin/env python3
"""Makes a tiny image (one file), tag 1.
usage: mkimage.py LAYOUT [DATA REPOSITORY...]
LAYOUT becomes an OCI layout; DATA, a docker-registry's storage folder, gets the image under each REPOSITORY.
Writing into the storage needs no credentials, so a test can begin with an image that it may not yet pull.
There the image has Docker's own format, because docker manifest 20.10 does not know any other. That version also rewrites
a manifest before it pushes it, so this one has its order and indentation, and therefore its digest."""
import gzip, hashlib, io, json, sys, tarfile
from pathlib import Path


OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
}
DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


class Image:
    def __init__(self, media_types):
        self.media_types = media_types
        self.blobs = {}
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            entry = tarfile.TarInfo("hello")
            entry.size = 6
            archive.addfile(entry, io.BytesIO(b"hello\n"))
        diff = "sha256:" + hashlib.sha256(tar.getvalue()).hexdigest()
        layer = self.blob("layer", gzip.compress(tar.getvalue(), mtime=0))
        config = self.blob("config", json.dumps({
            "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff]}}).encode())
        self.manifest = self.blob("manifest", json.dumps({
            "schemaVersion": 2, "mediaType": media_types["manifest"], "config": config, "layers": [layer]}, indent=3).encode())

    def blob(self, part, content):
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"mediaType": self.media_types[part], "size": len(content), "digest": "sha256:" + digest}

    def write_layout(self, folder):
        for digest, content in self.blobs.items():
            write(folder / "blobs/sha256" / digest, content)
        tagged = self.manifest | {"annotations": {"org.opencontainers.image.ref.name": "1"}}
        write(folder / "index.json", json.dumps({"schemaVersion": 2, "manifests": [tagged]}))
        write(folder / "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}))

    def write_storage(self, folder, repository):
        top = folder / "docker/registry/v2"
        links = top / "repositories" / repository
        for digest, content in self.blobs.items():
            write(top / "blobs/sha256" / digest[:2] / digest / "data", content)
            write(links / "_layers/sha256" / digest / "link", "sha256:" + digest)
        manifest = self.manifest["digest"]
        for place in ("revisions", "tags/1/index"):
            write(links / "_manifests" / place / "sha256" / manifest.split(":")[1] / "link", manifest)
        write(links / "_manifests/tags/1/current/link", manifest)


Image(OCI).write_layout(Path(sys.argv[1]))
for repository in sys.argv[3:]:
    Image(DOCKER).write_storage(Path(sys.argv[2]), repository)
