# Ilion needs no JVM settings. One line of this file is read: the management port of this node,
# which cluster launchers rewrite.
JMX_PORT="7199"
