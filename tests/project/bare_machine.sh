# Runs words in the checkout of a machine that debootstrap made: bare_machine.sh FOLDER WORDS...
# To be started in name spaces of its own for mounts and processes, so that all of it ends with the words.
# What is this machine's is lent for reading only: packages rewrite the certificates of the machine they are on.
set -e
machine=$1
shift
mount --make-rprivate /
lend() {
    [ -e "$1" ] || return 0
    if [ -d "$1" ]; then mkdir -p "$machine$2"; else mkdir -p "$(dirname "$machine$2")" && touch "$machine$2"; fi
    mount --bind "$1" "$machine$2"
    mount -o remount,bind,ro "$machine$2"
}
mount -t proc proc "$machine/proc"
mount -t tmpfs tmpfs "$machine/dev"
mkdir "$machine/dev/shm" "$machine/dev/pts"
mount -t tmpfs tmpfs "$machine/dev/shm"
for each in null zero full random urandom tty; do
    touch "$machine/dev/$each"
    mount --bind "/dev/$each" "$machine/dev/$each"
done
ln -s /proc/self/fd "$machine/dev/fd"
lend /etc/resolv.conf /etc/resolv.conf
lend /etc/pip.conf /etc/pip.conf
lend /etc/xdg/pip /etc/xdg/pip
lend "$HOME/.config/pip" /root/.config/pip
lend /etc/ssl/certs/ca-certificates.crt /var/lib/lent-certificates.crt
settings=("HOME=/root" "LANG=C.UTF-8" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
while IFS= read -r each; do settings+=("$each"); done < <(env | grep '^PIP_')
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || settings+=("PIP_CERT=/var/lib/lent-certificates.crt")
exec chroot "$machine" env -i "${settings[@]}" sh -c 'cd /root/gaplisten && exec "$@"' sh "$@"
