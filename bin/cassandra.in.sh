# cassandra.in.sh: where things are. bin/cassandra reads it; a copy named by $CASSANDRA_INCLUDE is
# read instead. What is set already stays.

# The checkout or the installed prefix.
if [ -z "$CASSANDRA_HOME" ]; then
    CASSANDRA_HOME="$(cd "$here/.." && pwd -P)"
fi

# The directory of cassandra.yaml.
if [ -z "$CASSANDRA_CONF" ]; then
    if [ -d "$CASSANDRA_HOME/conf" ]; then
        CASSANDRA_CONF="$CASSANDRA_HOME/conf"
    elif [ -d "$CASSANDRA_HOME/etc/ilion" ]; then
        CASSANDRA_CONF="$CASSANDRA_HOME/etc/ilion"
    else
        CASSANDRA_CONF="/etc/ilion"
    fi
fi

# An installed program keeps its data where the system wants it; a checkout in data/ and logs/.
if [ ! -d "$CASSANDRA_HOME/conf" ]; then
    var="$CASSANDRA_HOME/var"
    case "$(cd "$CASSANDRA_HOME" && pwd -P)" in
    / | /usr) var=/var ;;
    esac
    : "${ILION_DATA_DIR:=$var/lib/ilion}" "${CASSANDRA_LOG_DIR:=$var/log/ilion}"
fi
